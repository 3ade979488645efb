namespace ModelOpt.Runtime.Plan;

/// <summary>Memory needed from step <paramref name="FirstStep"/> to step <paramref name="LastStep"/>, both included.</summary>
internal readonly record struct ArenaBlock(int Bytes, int FirstStep, int LastStep);

/// <summary>
/// Places blocks in one arena so that those alive at the same time do not overlap: the largest first, each at the lowest
/// free offset, which comes close to the least possible size for networks.
/// </summary>
internal static class ArenaLayout
{
    public const int Alignment = 64;

    /// <returns>The offset of each block and the size of the arena.</returns>
    /// <exception cref="InvalidModelException">The arena would exceed 2 GB.</exception>
    public static (int[] Offsets, int Size) Place(IReadOnlyList<ArenaBlock> blocks)
    {
        int[] order = [.. Enumerable.Range(0, blocks.Count)
            .OrderByDescending(i => blocks[i].Bytes)
            .ThenBy(i => blocks[i].FirstStep)
            .ThenBy(i => i)];
        int[] offsets = new int[blocks.Count];
        var placed = new List<int>(blocks.Count); // by offset
        long size = 0;
        foreach (int i in order)
        {
            long length = Align(blocks[i].Bytes);
            long offset = 0;
            foreach (int other in placed)
            {
                if (!AliveTogether(blocks[i], blocks[other]))
                    continue;
                if (offsets[other] - offset >= length)
                    break;
                offset = Math.Max(offset, offsets[other] + Align(blocks[other].Bytes));
            }
            if (offset + length > Array.MaxLength - Alignment)
                throw new InvalidModelException("The model's activations need more than 2 GB of memory.");
            offsets[i] = (int)offset;
            size = Math.Max(size, offset + length);
            int place = placed.FindIndex(other => offsets[other] > offset);
            placed.Insert(place < 0 ? placed.Count : place, i);
        }
        return (offsets, (int)size);
    }

    private static bool AliveTogether(ArenaBlock a, ArenaBlock b) =>
        a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep;

    private static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;
}
