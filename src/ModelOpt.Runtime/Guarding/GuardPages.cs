using ModelOpt.Runtime.Plan;

namespace ModelOpt.Runtime.Guarding;

/// <summary>
/// In debug builds the switch <c>ModelOpt.Runtime.GuardPages</c> puts every tensor, constant, scratch buffer and input right before a
/// page that may not be touched (Linux only), so that a kernel that reads or writes beyond its memory ends the process there
/// and then. Nothing shares memory then, and nothing starts at a cache line.
/// </summary>
internal static class GuardPages
{
    /// <summary>The switch's name.</summary>
    public const string Switch = "ModelOpt.Runtime.GuardPages";

    /// <summary>Whether memory is guarded. Never in release builds.</summary>
#if DEBUG
    public static bool Enabled { get; } = OperatingSystem.IsLinux() && AppContext.TryGetSwitch(Switch, out bool on) && on;
#else
    public static bool Enabled => false;
#endif

    /// <summary>What a session's memory holds before its first run: results must not depend on it.</summary>
    public static byte Fill { get; set; }

    /// <summary>A copy before a guard page.</summary>
    public static Memory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        Memory<byte> copy = new GuardedMemory(bytes.Length, []).Memory;
        bytes.CopyTo(copy.Span);
        return copy;
    }

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
            arena.Span.Slice(block.Offset, block.Bytes).Fill(Fill);
        return arena;
    }
}
