namespace Detect;

/// <summary>A box in pixels of the photograph.</summary>
internal readonly record struct Box(float Left, float Top, float Right, float Bottom)
{
    /// <summary>The share of two boxes' common area in the area of both.</summary>
    public float Overlap(Box other)
    {
        float width = MathF.Min(Right, other.Right) - MathF.Max(Left, other.Left);
        float height = MathF.Min(Bottom, other.Bottom) - MathF.Max(Top, other.Top);
        float common = MathF.Max(0, width) * MathF.Max(0, height);
        return common / (Area + other.Area - common);
    }

    private float Area => (Right - Left) * (Bottom - Top);
}

/// <summary>An object that was found.</summary>
/// <param name="Class">The number of its class.</param>
/// <param name="Score">How likely it is one, 0…1.</param>
internal sealed record Detection(Box Box, int Class, float Score);
