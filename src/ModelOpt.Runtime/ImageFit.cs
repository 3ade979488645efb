namespace ModelOpt.Runtime;

/// <summary>How an image is brought to the size that a model takes.</summary>
public enum ImageFit
{
    /// <summary>Keeps its proportions and fills the whole; what stands out is cut off on both sides.</summary>
    Cover,

    /// <summary>Keeps its proportions and shows all of it; what is left on both sides is black.</summary>
    Contain,

    /// <summary>Stretches it.</summary>
    Stretch,
}
