namespace Detect;

/// <summary>A color for each class.</summary>
internal static class Palette
{
    private static readonly (byte R, byte G, byte B)[] Colors =
        [(230, 25, 75), (60, 180, 75), (0, 130, 200), (245, 130, 48), (240, 50, 230), (70, 240, 240), (255, 225, 25), (145, 30, 180)];

    /// <summary>The color of a class; some share one.</summary>
    public static (byte R, byte G, byte B) ColorOf(int index) => Colors[index % Colors.Length];
}
