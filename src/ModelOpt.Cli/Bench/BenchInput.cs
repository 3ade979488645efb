using System.Runtime.InteropServices;

namespace ModelOpt.Cli.Bench;

/// <summary>Typical inputs, the same in every run; their values do not affect the time.</summary>
internal static class BenchInput
{
    /// <summary>
    /// Pseudo-random elements: bytes over all their values, floats in 0…1. Integers of 32 and 64 bits are 0, as they may be
    /// indices.
    /// </summary>
    public static T[] Create<T>(int count)
        where T : unmanaged
    {
        var elements = new T[count];
        uint state = 0x9E3779B9;
        if (typeof(T) == typeof(float))
        {
            foreach (ref float element in MemoryMarshal.Cast<T, float>(elements.AsSpan())) element = Next(ref state) / 16777216f;
        }
        else if (typeof(T) == typeof(byte) || typeof(T) == typeof(sbyte))
        {
            foreach (ref byte element in MemoryMarshal.AsBytes(elements.AsSpan())) element = (byte)Next(ref state);
        }

        return elements;
    }

    /// <summary>24 bits of Marsaglia's xorshift32.</summary>
    private static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state >> 8;
    }
}
