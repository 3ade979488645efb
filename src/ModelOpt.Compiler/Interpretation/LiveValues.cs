using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Interpretation;

/// <summary>A sample's values that are still to be read. Memory of an arena goes back to it with the last of the tensors in it.</summary>
/// <param name="arena">Where tensors come from, or null.</param>
internal sealed class LiveValues(TensorArena? arena)
{
    private readonly Dictionary<Value, Tensor> _tensors = [];
    private readonly Dictionary<byte[], int> _uses = [];

    /// <summary>The value's tensor, or null.</summary>
    public Tensor? Find(Value value) => _tensors.GetValueOrDefault(value);

    /// <summary>Keeps a tensor for the readers of a value, in place of the one that was kept for them.</summary>
    public void Set(Value value, Tensor tensor)
    {
        byte[]? memory = arena?.OwnerOf(tensor);
        if (memory is not null) _uses[memory] = _uses.GetValueOrDefault(memory) + 1;
        Remove(value);
        _tensors[value] = tensor;
    }

    /// <summary>Forgets a value, which is not read any more.</summary>
    public void Remove(Value value)
    {
        if (!_tensors.Remove(value, out Tensor? tensor) || arena?.OwnerOf(tensor) is not { } memory || --_uses[memory] > 0) return;
        _uses.Remove(memory);
        arena.Return(memory);
    }

    /// <summary>Whether a tensor lies in memory of the arena in which no other value lies.</summary>
    public bool IsAlone(Tensor tensor) => arena?.OwnerOf(tensor) is { } memory && _uses[memory] == 1;
}
