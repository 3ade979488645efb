using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;

namespace ModelOpt.Compiler.Data;

/// <summary>The images of a folder, all brought to one size.</summary>
internal sealed class FittedImages(ImageFolderSource images, ImageSize size) : SampleSource
{
    public override string File => images.File;

    public override int Count => images.Count;

    public override ElementType Type => ElementType.UInt8;

    public override IReadOnlyList<IReadOnlyList<int>> Shapes { get; } = [[size.Height, size.Width, size.Channels]];

    public override Tensor Read(int index) => images.Read(index, size);

    protected override void Dispose(bool disposing)
    {
        if (disposing) images.Dispose();
        base.Dispose(disposing);
    }
}
