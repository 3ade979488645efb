using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Training;

/// <summary>The learning rate of each step.</summary>
internal static class LearningRates
{
    // One-cycle (Smith and Topin, 2017): the share of the steps in which the rate rises, and where it starts and ends.
    private const double Rising = 0.3, Start = 1.0 / 25, End = 1e-4 / 25;

    /// <summary>The rate of a step, in float32, which cuts off the last bit of a cosine, in which machines differ.</summary>
    /// <param name="step">The step, from 0.</param>
    public static float Of(LearningRateSchedule schedule, double largest, int step, int steps)
    {
        double done = steps <= 1 ? 0 : (double)step / steps;
        return (float)(largest * schedule switch
        {
            LearningRateSchedule.Constant => 1,
            LearningRateSchedule.OneCycle when done < Rising => Between(1, Start, done / Rising),
            LearningRateSchedule.OneCycle => Between(End, 1, (done - Rising) / (1 - Rising)),
            _ => Between(0, 1, done),
        });
    }

    /// <summary>From <paramref name="first"/> to <paramref name="last"/> along half a wave.</summary>
    /// <param name="done">The share of the way, from 0 to 1.</param>
    public static double Between(double last, double first, double done) =>
        last + ((first - last) * (1 + Math.Cos(Math.PI * done)) / 2);
}
