using System.Diagnostics;
using ModelOpt.Runtime.Plan;
using ModelOpt.Runtime.Tflite;

namespace ModelOpt.Runtime;

/// <summary>Time that one step of the plan takes.</summary>
/// <param name="Operator">The operator, as TFLite names it.</param>
/// <param name="Output">Name of the first output.</param>
/// <param name="Type">Element type of the first output.</param>
/// <param name="Shape">Shape of the first output.</param>
/// <param name="Work">Rough number of multiply-adds or element operations.</param>
/// <param name="Milliseconds">Median time.</param>
internal sealed record StepProfile(
    string Operator, string Output, TensorType Type, int[] Shape, long Work, double Milliseconds);

/// <summary>Measures a model step by step.</summary>
internal static class Profile
{
    /// <summary>Runs one sample of zeros repeatedly and returns the steps in order.</summary>
    public static StepProfile[] Measure(TfliteModel model, int runs)
    {
        Session session = model.RentSession();
        byte[][] inputs = Array.ConvertAll(model.Plan.Inputs, input => new byte[input.Length]);
        Step[] steps = model.Plan.Steps;
        var times = new double[steps.Length, runs];
        SetInputs();
        session.Run();
        for (int run = 0; run < runs; run++)
        {
            // A run overwrites inputs that it needs no more.
            SetInputs();
            for (int i = 0; i < steps.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                int input = i < model.Plan.FirstStep ? Array.IndexOf(model.Plan.InputSteps, steps[i]) : -1;
                if (input >= 0)
                    session.Run(steps[i], inputs[input]);
                else
                    session.Run(steps[i]);
                times[i, run] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }
        TfliteModel.Return(session);
        return [.. steps.Select((step, i) => new StepProfile(
            step.Node.Operator.TfliteName(),
            step.Node.Output.Name,
            step.Node.Output.Type,
            step.Node.Output.Shape,
            step.Kernel.Work,
            Enumerable.Range(0, runs).Select(run => times[i, run]).Order().ElementAt(runs / 2)))];

        void SetInputs()
        {
            for (int i = 0; i < inputs.Length; i++)
                session.SetSample(i, inputs[i]);
        }
    }
}
