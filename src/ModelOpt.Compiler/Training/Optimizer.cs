using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>Moves numbers against their gradients, and keeps its state. One instance for each tensor.</summary>
internal abstract class Optimizer
{
    /// <summary>Makes an optimizer.</summary>
    public static Optimizer Of(OptimizerKind kind, int count) => kind switch
    {
        OptimizerKind.Sgd => new Momentum(count),
        OptimizerKind.AdamW => new Adam(count, decay: 0.01f),
        _ => new Adam(count, decay: 0),
    };

    /// <summary>Moves the numbers one step.</summary>
    public abstract void Step(Span<float> numbers, ReadOnlySpan<float> gradient, float rate);

    /// <summary>Writes or reads its state.</summary>
    public abstract void Exchange(StateStream stream);

    /// <summary>Stochastic gradient descent with momentum 0.9: v ← 0.9·v + g, x ← x − rate·v.</summary>
    private sealed class Momentum(int count) : Optimizer
    {
        private const float Kept = 0.9f;
        private readonly float[] _velocity = new float[count];

        public override void Exchange(StateStream stream) => stream.Elements(_velocity.AsSpan());

        public override void Step(Span<float> numbers, ReadOnlySpan<float> gradient, float rate)
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                _velocity[i] = (Kept * _velocity[i]) + gradient[i];
                numbers[i] -= rate * _velocity[i];
            }
        }
    }

    /// <summary>
    /// Adam (Kingma and Ba, 2015): x ← x − rate · m̂ / (√v̂ + ε), where m̂ and v̂ are the unbiased moving averages of gradients and their
    /// squares; with decay, x ← x − rate·decay·x besides (AdamW, Loshchilov and Hutter, 2019).
    /// </summary>
    private sealed class Adam(int count, float decay) : Optimizer
    {
        private const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;
        private readonly float[] _mean = new float[count], _square = new float[count];
        private double _left1 = 1, _left2 = 1;

        public override void Exchange(StateStream stream)
        {
            stream.Elements(_mean.AsSpan());
            stream.Elements(_square.AsSpan());
            (_left1, _left2) = (stream.Double(_left1), stream.Double(_left2));
        }

        public override void Step(Span<float> numbers, ReadOnlySpan<float> gradient, float rate)
        {
            // The powers of the betas by multiplication, which is the same everywhere.
            _left1 *= Beta1;
            _left2 *= Beta2;
            float first = (float)(rate / (1 - _left1)), second = (float)(1 / (1 - _left2));
            for (int i = 0; i < numbers.Length; i++)
            {
                float g = gradient[i];
                _mean[i] = (Beta1 * _mean[i]) + ((1 - Beta1) * g);
                _square[i] = (Beta2 * _square[i]) + ((1 - Beta2) * g * g);
                numbers[i] -= (first * _mean[i] / (MathF.Sqrt(_square[i] * second) + Epsilon)) + (rate * decay * numbers[i]);
            }
        }
    }
}
