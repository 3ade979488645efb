namespace Listen;

/// <summary>Speech segments from the probabilities of one step after another.</summary>
internal sealed class SpeechSegments
{
    /// <summary>Samples of a step.</summary>
    public const int Step = 512;

    // Speech begins above the one and ends below the other, so that it does not flicker between them.
    private const float Begin = 0.5f, End = 0.35f;

    // Shorter speech is a click, a shorter silence a breath.
    private const double LeastSpeech = 0.25, LeastSilence = 0.3;

    private readonly List<(double Begin, double End)> _segments = [];
    private int _step;
    private int _begin = -1;
    private int _lastSpeech;

    /// <summary>Adds the probability that the next step has speech.</summary>
    public void Add(float probability)
    {
        if (probability >= (_begin < 0 ? Begin : End))
        {
            if (_begin < 0) _begin = _step;
            _lastSpeech = _step;
        }
        else if (_begin >= 0 && Seconds(_step - _lastSpeech) >= LeastSilence)
        {
            Close();
        }

        _step++;
    }

    /// <summary>Ends the last segment and returns all, in seconds.</summary>
    public IReadOnlyList<(double Begin, double End)> Finish()
    {
        if (_begin >= 0) Close();
        return _segments;
    }

    private static double Seconds(int steps) => (double)steps * Step / Wav.Rate;

    private void Close()
    {
        if (Seconds(_lastSpeech + 1 - _begin) >= LeastSpeech) _segments.Add((Seconds(_begin), Seconds(_lastSpeech + 1)));
        _begin = -1;
    }
}
