namespace ModelOpt.Compiler.Training;

/// <summary>The samples of calibration data that may be calibrated with. All of them are no list: there may be very many.</summary>
/// <param name="Available">How many samples the data has.</param>
/// <param name="Chosen">Those that may be used, in rising order; null for all.</param>
internal readonly record struct CalibrationSamples(int Available, int[]? Chosen)
{
    /// <summary>How many may be used.</summary>
    public int Count => Chosen?.Length ?? Available;

    /// <summary>One of some samples that are spread evenly over those that may be used.</summary>
    /// <param name="index">Which of them.</param>
    /// <param name="of">How many they are.</param>
    public int Spread(int index, int of)
    {
        var position = (int)((long)index * Count / of);
        return Chosen is null ? position : Chosen[position];
    }
}
