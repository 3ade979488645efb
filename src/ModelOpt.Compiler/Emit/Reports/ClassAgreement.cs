namespace ModelOpt.Compiler.Emit.Reports;

/// <summary>How often the compressed model chooses the class that the float model does, and how often both are right.</summary>
/// <param name="Same">For how many samples they choose the same.</param>
/// <param name="Count">Of how many.</param>
/// <param name="AreUnseen">Whether calibration used none of the samples; there may be no others.</param>
/// <param name="FloatRight">How often the float model is right; null where there are no labels.</param>
/// <param name="Right">How often the compressed model is right; null where there are no labels.</param>
internal sealed record ClassAgreement(int Same, int Count, bool AreUnseen, int? FloatRight = null, int? Right = null)
{
    /// <summary>The share of samples for which they choose the same class.</summary>
    public double Share => (double)Same / Count;
}
