using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOpt.Runtime.Guarding;
using ModelOpt.Runtime.Plan;

namespace ModelOpt.Runtime;

/// <summary>The arena of a session and the scratch memory of its threads. It grows to what the largest plan needs.</summary>
internal sealed unsafe class SessionMemory
{
    // Keeps the arrays that the pointers point into.
    private byte[] _memory = [];
    private Memory<byte> _arena;
    private Memory<byte>[] _scratch = [];
    private byte* _arenaStart;
    private byte*[] _scratchEnds = [];
    private int _arenaBytes;

    /// <summary>How many bytes it has.</summary>
    public int Bytes => _memory.Length;

    public Span<byte> Arena => new(_arenaStart, _arenaBytes);

    /// <summary>Lays it out for a plan; what it held is lost.</summary>
    /// <exception cref="InvalidModelException">It would take more than 2 GB.</exception>
    public void Fit(ExecutionPlan plan, int threads)
    {
        _arenaBytes = plan.ArenaBytes;
        int arena = Align(plan.ArenaBytes), scratch = Align(plan.ScratchBytes);
        long bytes = arena + ((long)scratch * threads) + ArenaLayout.Alignment;
        if (bytes > Array.MaxLength)
            throw new InvalidModelException($"Running the model needs {bytes >> 20} MB of memory, more than 2 GB.");
        if (_scratch.Length != threads)
            (_scratch, _scratchEnds) = (new Memory<byte>[threads], new byte*[threads]);
        if (GuardPages.Enabled)
        {
            _arena = GuardedArena.Arena(plan.ArenaBytes, plan.ArenaBlocks);
            for (int i = 0; i < threads; i++)
            {
                _scratch[i] = new GuardedMemory(plan.ScratchBytes, []).Memory;
                _scratch[i].Span.Fill(GuardPages.Fill);
            }
        }
        else
        {
            // Pinned, so that the alignment computed here lasts.
            if (_memory.Length < bytes)
                _memory = GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true);
            nuint address = (nuint)Unsafe.AsPointer(ref _memory[0]);
            var start = (int)(-(nint)address & (ArenaLayout.Alignment - 1));
            _arena = _memory.AsMemory(start, arena);
            for (int i = 0; i < threads; i++)
                _scratch[i] = _memory.AsMemory(start + arena + (i * scratch), scratch);
        }

        _arenaStart = Start(_arena);
        for (int i = 0; i < threads; i++)
            _scratchEnds[i] = Start(_scratch[i]) + _scratch[i].Length;
    }

    /// <summary>Scratch memory of a thread.</summary>
    public Span<byte> Scratch(int thread, int bytes)
    {
        // Guarded memory has its guard behind the last byte.
        int length = GuardPages.Enabled ? bytes : _scratch[thread].Length;
        return new Span<byte>(_scratchEnds[thread] - length, length);
    }

    private static byte* Start(Memory<byte> memory) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory.Span));

    private static int Align(int bytes) => (bytes + ArenaLayout.Alignment - 1) & -ArenaLayout.Alignment;
}
