using ModelOpt.Runtime.Guarding;

namespace ModelOpt.Runtime.Plan;

/// <summary>An arena whose blocks lie before guard pages; see <see cref="GuardPages"/>.</summary>
internal static class GuardedArena
{
    /// <summary>Gives each block pages of its own with a guard page behind.</summary>
    /// <returns>The size of the arena, for <see cref="Arena"/>.</returns>
    /// <exception cref="InvalidModelException">The arena would exceed 2 GB.</exception>
    public static int Place(IEnumerable<ArenaBlock> blocks)
    {
        long end = 0, page = Environment.SystemPageSize;
        foreach (ArenaBlock block in blocks)
        {
            end += (block.Bytes + page - 1) / page * page;
            if (end + page > Array.MaxLength)
                throw new InvalidModelException("The model's activations need more than 2 GB of memory.");
            block.Offset = (int)(end - block.Bytes);
            end += page;
        }

        return (int)end;
    }

    /// <summary>The memory of blocks that <see cref="Place"/> has placed.</summary>
    public static Memory<byte> Arena(int bytes, IReadOnlyCollection<ArenaBlock> blocks)
    {
        Memory<byte> arena = new GuardedMemory(bytes, blocks.Select(block => block.Offset + block.Bytes)).Memory;
        foreach (ArenaBlock block in blocks)
            arena.Span.Slice(block.Offset, block.Bytes).Fill(GuardPages.Fill);
        return arena;
    }
}
