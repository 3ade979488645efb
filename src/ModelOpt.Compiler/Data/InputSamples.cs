using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Images;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;

namespace ModelOpt.Compiler.Data;

/// <summary>How stored samples become a model's input.</summary>
/// <param name="Mean">Subtracted: one value, or one per channel; empty for 0.</param>
/// <param name="Std">Divided by: one value, or one per channel; empty for 1.</param>
/// <param name="Layout">The axis order of images as stored.</param>
/// <param name="Fit">How images are brought to the size that an input takes.</param>
/// <param name="SampleRate">The samples a second that an input takes, of sound; null for those of the files.</param>
/// <param name="Images">Decodes images and keeps them; null for a decoder of each source.</param>
internal sealed record SampleFormat(
    IReadOnlyList<float> Mean,
    IReadOnlyList<float> Std,
    DataLayout Layout,
    ImageFit Fit = default,
    int? SampleRate = null,
    ImageStore? Images = null)
{
    /// <summary>How options say that data is stored.</summary>
    /// <param name="input">The type of the input: one of bytes gets images as they are.</param>
    public static SampleFormat Of(CompileOptions options, ElementType input = ElementType.Float32) => new(
        input == ElementType.UInt8 ? [] : options.InputMean, input == ElementType.UInt8 ? [] : options.InputStd,
        options.DataLayout, options.ImageFit, options.SampleRate, options.Images);

    /// <summary>Samples are taken as they are, in whichever axis order fits.</summary>
    public static SampleFormat Default { get; } = new([], [], DataLayout.Auto);
}

/// <summary>
/// The samples of a file or folder as one input of a model takes them: floats are <c>(x − mean) / std</c> with x as stored
/// (uint8 as 0…255), integers stay integers. Thread-safe like <see cref="SampleSource"/>.
/// </summary>
internal sealed class InputSamples : IDisposable
{
    private readonly SampleSource _source;
    private readonly TensorSignature _input;
    private readonly AxisMapping[] _mappings;
    private readonly SampleFormat _format;

    private InputSamples(SampleSource source, TensorSignature input, SampleFormat format)
    {
        (_source, _input, _format) = (source, input, format);
        _mappings = [.. source.Shapes.Select(shape => Mapping(shape))];
        bool normalized = format.Mean.Count + format.Std.Count > 0;
        bool fits = input.Type.IsFloat()
            || (Elements.IsInteger(input.Type) && Elements.IsInteger(source.Type) && !normalized);
        if (!fits)
        {
            throw DataDiagnostics.TypeMismatch.In(
                source.File, null, source.Type, input.Name, input.Type, normalized ? " and no mean or std" : "");
        }

        CheckPerChannel(format.Mean, "mean");
        CheckPerChannel(format.Std, "std");
        if (format.Std.Any(value => value <= 0)) throw Invalid("std must be positive");
    }

    /// <summary>The first file or folder.</summary>
    public string File => _source.File;

    /// <summary>Whether all samples have the same shape.</summary>
    public bool IsOfOneSize => _mappings.Length == 1;

    /// <summary>The number of samples, at least one.</summary>
    public int Count => _source.Count;

    /// <summary>Opens data for an input.</summary>
    /// <param name="paths">Files or folders as for <see cref="SampleSource.Open(string, ImageStore)"/>, at least one.</param>
    /// <param name="input">The input; its first dimension is the batch where it is open or 1. Samples may differ in the others that are
    /// open.</param>
    /// <exception cref="CompilationException">There is no data, or it does not fit the input.</exception>
    public static InputSamples Open(IReadOnlyList<string> paths, TensorSignature input, SampleFormat format)
    {
        SampleSource source = SampleSource.Open(paths, format.Images);
        try
        {
            source = source.For(input, format);
            return new InputSamples(source, input, format);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The shape that a sample has as the input takes it, of batch 1.</summary>
    /// <param name="index">Which, from 0.</param>
    public IReadOnlyList<int> ShapeOf(int index) => _mappings[_source.ShapeOf(index)].Dims;

    /// <summary>Reads one sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>A tensor of the input's type and of <see cref="ShapeOf"/>.</returns>
    /// <exception cref="CompilationException">The file is damaged, or the sample is not finite.</exception>
    public Tensor Read(int index)
    {
        Tensor stored = _source.Read(index);
        AxisMapping mapping = _mappings[_source.ShapeOf(index)];
        Tensor result = Tensor.Zeros(_input.Type.IsFloat() ? ElementType.Float32 : _input.Type, mapping.Dims);
        if (_input.Type.IsFloat())
            Normalize(index, mapping, Elements.ToFloats(stored), result.Span<float>());
        else
            Convert(index, mapping, stored, result);
        return Casting.To(result, _input.Type);
    }

    /// <summary>Closes the data.</summary>
    public void Dispose() => _source.Dispose();

    private void Normalize(int index, AxisMapping mapping, float[] from, Span<float> to)
    {
        for (int channel = 0; channel < mapping.Channels; channel++)
        {
            float subtract = Of(_format.Mean, channel, 0), divide = Of(_format.Std, channel, 1);
            int source = mapping.Source(channel, 0), target = mapping.Target(channel, 0);
            int sourceStep = mapping.Source(channel, 1) - source, targetStep = mapping.Target(channel, 1) - target;
            for (int pixel = 0; pixel < mapping.Pixels; pixel++, source += sourceStep, target += targetStep)
            {
                float y = (from[source] - subtract) / divide;
                if (!float.IsFinite(y)) throw Unusable(index, from[source], source, "finite");
                to[target] = y;
            }
        }
    }

    private void Convert(int index, AxisMapping mapping, Tensor stored, Tensor result)
    {
        if (stored.Type == ElementType.UInt64
            && stored.Span<ulong>().IndexOfAnyExceptInRange(0ul, (ulong)long.MaxValue) is >= 0 and int huge)
        {
            throw Unusable(index, stored.Span<ulong>()[huge], huge, ElementType.Int64);
        }

        long[] from = Elements.ToInt64s(stored);
        for (int channel = 0; channel < mapping.Channels; channel++)
        {
            for (int pixel = 0; pixel < mapping.Pixels; pixel++)
            {
                int position = mapping.Source(channel, pixel);
                try
                {
                    Elements.Store(result, mapping.Target(channel, pixel), from[position]);
                }
                catch (OverflowException)
                {
                    throw Unusable(index, from[position], position, _input.Type);
                }
            }
        }
    }

    private static float Of(IReadOnlyList<float> values, int channel, float absent) =>
        values.Count == 0 ? absent : values[values.Count == 1 ? 0 : channel];

    private void CheckPerChannel(IReadOnlyList<float> values, string name)
    {
        if (values.Any(value => !float.IsFinite(value))) throw Invalid($"{name} must be finite");
        if (values.Count < 2 || Array.Find(_mappings, m => m.Channels != values.Count) is not { } other) return;
        throw Invalid($"{name} has {values.Count} values, but input '{_input.Name}' {_input.Shape} "
            + $"has {other.Channels} channel{(other.Channels == 1 ? "" : "s")}");
    }

    private AxisMapping Mapping(IReadOnlyList<int> shape)
    {
        bool areBytes = _source.Type == ElementType.UInt8;
        Shape sized = SampleSizes.In(_input.Shape, shape, _format.Layout, areBytes) ?? _input.Shape;
        if (AxisMapping.Find(shape, sized, _format.Layout, areBytes) is { } mapping) return mapping;
        string text = $"[{string.Join(", ", shape)}]";
        throw _source.Shapes.Count == 1
            ? DataDiagnostics.ShapeMismatch.In(_source.File, null, text, _input.Name, _input.Shape)
            : DataDiagnostics.SampleSizes.In(_source.File, null, _source.Shapes.Count, text, _input.Name, _input.Shape);
    }

    private CompilationException Invalid(string reason) => DataDiagnostics.InvalidNormalization.In(_source.File, null, reason);

    private CompilationException Unusable(int index, object value, int position, object wanted) =>
        DataDiagnostics.Unusable.In(_source.File, null, index, value, position, wanted);
}
