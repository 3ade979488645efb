using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Elementwise;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Data;

/// <summary>How stored samples become a model's input.</summary>
/// <param name="Mean">Subtracted: one value, or one per channel; empty for 0.</param>
/// <param name="Std">Divided by: one value, or one per channel; empty for 1.</param>
/// <param name="Layout">The axis order of images as stored.</param>
internal sealed record SampleFormat(IReadOnlyList<float> Mean, IReadOnlyList<float> Std, DataLayout Layout)
{
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
    private readonly AxisMapping _mapping;
    private readonly float[] _mean;
    private readonly float[] _std;

    private InputSamples(SampleSource source, TensorSignature input, SampleFormat format)
    {
        _source = source;
        _input = input;
        _mapping = AxisMapping.Find(source.SampleShape, input.Shape, format.Layout, source.Type == ElementType.UInt8)
            ?? throw DataDiagnostics.ShapeMismatch.In(
                source.File, null, $"[{string.Join(", ", source.SampleShape)}]", input.Name, input.Shape);
        bool normalized = format.Mean.Count + format.Std.Count > 0;
        bool fits = input.Type.IsFloat()
            || (Elements.IsInteger(input.Type) && Elements.IsInteger(source.Type) && !normalized);
        if (!fits)
        {
            throw DataDiagnostics.TypeMismatch.In(
                source.File, null, source.Type, input.Name, input.Type, normalized ? " and no mean or std" : "");
        }

        _mean = PerChannel(format.Mean, 0, "mean");
        _std = PerChannel(format.Std, 1, "std");
        if (Array.Exists(_std, value => value <= 0)) throw Invalid("std must be positive");
    }

    /// <summary>The number of samples, at least one.</summary>
    public int Count => _source.Count;

    /// <summary>Opens data for an input.</summary>
    /// <param name="path">As for <see cref="SampleSource.Open"/>.</param>
    /// <param name="input">The input; its first dimension is the batch where it is open or 1.</param>
    /// <exception cref="CompilationException">There is no data, or it does not fit the input.</exception>
    public static InputSamples Open(string path, TensorSignature input, SampleFormat format)
    {
        SampleSource source = SampleSource.Open(path);
        try
        {
            return new InputSamples(source, input, format);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Reads one sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>A tensor of the input's type and shape, of batch 1.</returns>
    /// <exception cref="CompilationException">The file is damaged, or the sample is not finite.</exception>
    public Tensor Read(int index)
    {
        Tensor stored = _source.Read(index);
        Tensor result = Tensor.Zeros(_input.Type.IsFloat() ? ElementType.Float32 : _input.Type, _mapping.Dims);
        if (_input.Type.IsFloat())
            Normalize(index, Elements.ToFloats(stored), result.Span<float>());
        else
            Convert(index, stored, result);
        return Casting.To(result, _input.Type);
    }

    /// <summary>Closes the data.</summary>
    public void Dispose() => _source.Dispose();

    private void Normalize(int index, float[] from, Span<float> to)
    {
        for (int channel = 0; channel < _mapping.Channels; channel++)
        {
            float subtract = _mean[channel], divide = _std[channel];
            int source = _mapping.Source(channel, 0), target = _mapping.Target(channel, 0);
            int sourceStep = _mapping.Source(channel, 1) - source, targetStep = _mapping.Target(channel, 1) - target;
            for (int pixel = 0; pixel < _mapping.Pixels; pixel++, source += sourceStep, target += targetStep)
            {
                float y = (from[source] - subtract) / divide;
                if (!float.IsFinite(y)) throw Unusable(index, from[source], source, "finite");
                to[target] = y;
            }
        }
    }

    private void Convert(int index, Tensor stored, Tensor result)
    {
        if (stored.Type == ElementType.UInt64
            && stored.Span<ulong>().IndexOfAnyExceptInRange(0ul, (ulong)long.MaxValue) is >= 0 and int huge)
        {
            throw Unusable(index, stored.Span<ulong>()[huge], huge, ElementType.Int64);
        }

        long[] from = Elements.ToInt64s(stored);
        for (int channel = 0; channel < _mapping.Channels; channel++)
        {
            for (int pixel = 0; pixel < _mapping.Pixels; pixel++)
            {
                int position = _mapping.Source(channel, pixel);
                try
                {
                    Elements.Store(result, _mapping.Target(channel, pixel), from[position]);
                }
                catch (OverflowException)
                {
                    throw Unusable(index, from[position], position, _input.Type);
                }
            }
        }
    }

    private float[] PerChannel(IReadOnlyList<float> values, float absent, string name)
    {
        if (values.Any(value => !float.IsFinite(value))) throw Invalid($"{name} must be finite");
        if (values.Count > 1 && values.Count != _mapping.Channels)
        {
            throw Invalid($"{name} has {values.Count} values, but input '{_input.Name}' {_input.Shape} "
                + $"has {_mapping.Channels} channel{(_mapping.Channels == 1 ? "" : "s")}");
        }

        float[] result = new float[_mapping.Channels];
        for (int i = 0; i < result.Length; i++) result[i] = values.Count == 0 ? absent : values[values.Count == 1 ? 0 : i];
        return result;
    }

    private CompilationException Invalid(string reason) => DataDiagnostics.InvalidNormalization.In(_source.File, null, reason);

    private CompilationException Unusable(int index, object value, int position, object wanted) =>
        DataDiagnostics.Unusable.In(_source.File, null, index, value, position, wanted);
}
