using System.Diagnostics;
using System.Globalization;
using ModelOpt.Runtime;
using SampleApp;

const int PixelsPerImage = 28 * 28;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = System.Text.Encoding.UTF8;

byte[] images = Npy.ReadBytes("test_images.npy");
byte[] labels = Npy.ReadBytes("test_labels.npy");

// Both classes were generated from Models/fashion_mobilenet.onnx; see sample-app.csproj.
using var full = new FashionFloat();
using var compressed = new FashionInt8();

Result[] results =
[
    Measure("float32", FashionFloat.ResourceName, (pixels, top) =>
    {
        using FashionFloat.Output output = full.Run(pixels);
        output.TopK(top);
    }),
    Measure("int8", FashionInt8.ResourceName, (pixels, top) =>
    {
        using FashionInt8.Output output = compressed.Run(pixels);
        output.TopK(top);
    }),
];

Console.WriteLine();
Console.WriteLine($"  Fashion-MNIST, {labels.Length:n0} test images, one thread");
Console.WriteLine();
Console.WriteLine("             accuracy        size   time per image");
foreach (Result r in results)
    Console.WriteLine($"  {r.Name,-8} {r.Accuracy,10:0.0} % {r.Bytes / 1000.0,8:0.0} KB {r.Microseconds,13:0.0} µs");
Console.WriteLine($"  {"",-8} {results[1].Accuracy - results[0].Accuracy,10:+0.0;−0.0;±0.0} pt "
    + $"{100.0 * results[1].Bytes / results[0].Bytes,8:0} % "
    + $"{100 * results[1].Microseconds / results[0].Microseconds,15:0} %");
Console.WriteLine();

ShowPredictions(5);

Result Measure(string name, string resource, Classifier classify)
{
    // Two rounds warm up: the JIT optimizes only code that has run often.
    var top = new Prediction[1];
    int right = 0;
    double best = double.MaxValue;
    for (int round = 0; round < 5; round++)
    {
        right = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < labels.Length; i++)
        {
            classify(Image(i), top);
            if (top[0].Index == labels[i]) right++;
        }

        if (round >= 2) best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / labels.Length);
    }

    using Stream artifact = typeof(FashionInt8).Assembly.GetManifestResourceStream(resource)!;
    return new(name, 100.0 * right / labels.Length, artifact.Length, best);
}

void ShowPredictions(int count)
{
    for (int row = 0; row < Picture.Rows; row++)
        Console.WriteLine("  " + string.Join("  ", Enumerable.Range(0, count).Select(i => Picture.Row(Image(i), row))));
    Console.WriteLine();

    var lines = new string[3];
    for (int i = 0; i < count; i++)
    {
        using FashionInt8.Output output = compressed.Run(Image(i));
        Prediction[] top = output.Top(2);
        string actual = FashionInt8.Labels[labels[i]];
        lines[0] += $"  {(top[0].Label == actual ? "✓ " : "✗ ") + top[0].Label,-Picture.Columns}";
        lines[1] += $"  {$"{100 * top[0].Score:0.0} %",-Picture.Columns}";
        lines[2] += $"  {(top[0].Label == actual ? "" : "is: " + actual),-Picture.Columns}";
    }

    foreach (string line in lines.Where(l => !string.IsNullOrWhiteSpace(l))) Console.WriteLine(line.TrimEnd());
    Console.WriteLine();
}

ReadOnlySpan<byte> Image(int index) => images.AsSpan(index * PixelsPerImage, PixelsPerImage);

internal delegate void Classifier(ReadOnlySpan<byte> pixels, Span<Prediction> top);

internal sealed record Result(string Name, double Accuracy, long Bytes, double Microseconds);
