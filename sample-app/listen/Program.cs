using System.Globalization;
using Listen;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = System.Text.Encoding.UTF8;

string file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "data", "speech.wav");
float[] samples = Wav.Read(file);

// The class was generated from silero's voice activity detector; see listen.csproj.
using var model = new SileroVad();
SileroVad.Stream stream = model.CreateStream();
Span<float> probability = stackalloc float[SileroVad.OutputValuesLength];
var speech = new SpeechSegments();
float[] frame = new float[SileroVad.InputLength];
for (int start = 0; start < samples.Length; start += SpeechSegments.Step)
{
    Frame(start, frame);
    stream.Run(frame, probability);
    speech.Add(probability[0]);
}

Console.WriteLine($"{Path.GetFileName(file)}: {(double)samples.Length / Wav.Rate:0.00} s");
foreach ((double begin, double end) in speech.Finish()) Console.WriteLine($"speech from {begin:0.00} s to {end:0.00} s");

// A step, behind the last samples of the step before.
void Frame(int start, Span<float> frame)
{
    int before = frame.Length - SpeechSegments.Step;
    for (int i = 0; i < frame.Length; i++)
    {
        int sample = start - before + i;
        frame[i] = sample >= 0 && sample < samples.Length ? samples[sample] : 0;
    }
}
