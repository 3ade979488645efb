using ModelOpt.Runtime.Guarding;

namespace ModelOpt.Runtime.Plan;

/// <summary>Memory needed from step <paramref name="firstStep"/> to step <paramref name="lastStep"/>, both included.</summary>
internal sealed class ArenaBlock(int bytes, int firstStep, int lastStep)
{
    public int Bytes => bytes;

    public int FirstStep => firstStep;

    public int LastStep { get; set; } = lastStep;

    /// <summary>Where <see cref="ArenaLayout.Place"/> put the block.</summary>
    public int Offset { get; set; }
}

/// <summary>
/// Places blocks in one arena so that those alive at the same time do not overlap: the largest first, each at the lowest
/// free offset, which comes close to the least possible size for networks.
/// </summary>
internal static class ArenaLayout
{
    public const int Alignment = 64;

    /// <summary>Sets the offset of each block.</summary>
    /// <returns>The size of the arena.</returns>
    /// <exception cref="InvalidModelException">The arena would exceed 2 GB.</exception>
    public static int Place(IReadOnlyCollection<ArenaBlock> blocks)
    {
        if (GuardPages.Enabled)
            return GuardedArena.Place(blocks);
        var order = new List<ArenaBlock>(blocks);
        order.Sort(LargestFirst);
        var placed = new List<ArenaBlock>(order.Count); // by offset
        long size = 0;
        foreach (ArenaBlock block in order)
        {
            long length = Align(block.Bytes);
            long offset = 0;
            foreach (ArenaBlock other in placed)
            {
                if (!AliveTogether(block, other))
                    continue;
                if (other.Offset - offset >= length)
                    break;
                offset = Math.Max(offset, other.Offset + Align(other.Bytes));
            }
            if (offset + length > Array.MaxLength - Alignment)
                throw new InvalidModelException("The model's activations need more than 2 GB of memory.");
            block.Offset = (int)offset;
            size = Math.Max(size, offset + length);
            int place = placed.FindIndex(other => other.Offset > offset);
            placed.Insert(place < 0 ? placed.Count : place, block);
        }
        return (int)size;
    }

    // Blocks that this leaves undecided are equal.
    private static int LargestFirst(ArenaBlock a, ArenaBlock b)
    {
        if (a.Bytes != b.Bytes)
            return a.Bytes > b.Bytes ? -1 : 1;
        return a.FirstStep != b.FirstStep ? a.FirstStep - b.FirstStep : a.LastStep - b.LastStep;
    }

    private static bool AliveTogether(ArenaBlock a, ArenaBlock b) =>
        a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep;

    private static long Align(long bytes) => (bytes + Alignment - 1) & -Alignment;
}
