using ModelOpt.Compiler.Operators.Contract;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
internal sealed class TensorArenaTests
{
    private static readonly Node SomeNode = new("Relu", "", [], []);

    [TestMethod]
    public void Memory_that_was_returned_is_given_again_up_to_the_bound()
    {
        TensorArena arena = new(mostFree: 3000);
        Tensor a = Rent(arena), b = Rent(arena), c = Rent(arena);
        foreach (Tensor tensor in (Tensor[])[a, b, c]) arena.Return(arena.OwnerOf(tensor)!);
        // Two of some 1,100 bytes are kept.
        byte[][] again = [TensorArena.ArrayOf(Rent(arena))!, TensorArena.ArrayOf(Rent(arena))!, TensorArena.ArrayOf(Rent(arena))!];
        CollectionAssert.AreEqual(new[] { TensorArena.ArrayOf(b), TensorArena.ArrayOf(a) }, again[..2]);
        Assert.AreNotSame(TensorArena.ArrayOf(c), again[2]);
    }

    [TestMethod]
    public void What_is_released_is_not_taken_back()
    {
        TensorArena arena = new();
        Tensor released = Rent(arena), kept = Rent(arena);
        arena.Release(released);
        Assert.IsNull(arena.OwnerOf(released));
        arena.Reset();
        Assert.AreSame(TensorArena.ArrayOf(kept), TensorArena.ArrayOf(Rent(arena)));
        Assert.AreNotSame(TensorArena.ArrayOf(released), TensorArena.ArrayOf(Rent(arena)));
    }

    private static Tensor Rent(TensorArena arena) => arena.Rent(SomeNode, ElementType.Float32, [256]);
}
