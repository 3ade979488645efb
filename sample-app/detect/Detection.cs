namespace Detect;

/// <summary>A box in pixels of the photograph.</summary>
internal readonly record struct Box(float Left, float Top, float Right, float Bottom);

/// <summary>A line of text that was found.</summary>
/// <param name="Score">How likely there is text, 0…1.</param>
internal sealed record Detection(Box Box, float Score);
