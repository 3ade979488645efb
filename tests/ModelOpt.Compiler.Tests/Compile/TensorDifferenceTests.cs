using ModelOpt.Compiler.Compile;

namespace ModelOpt.Compiler.Tests.Compile;

[TestClass]
internal sealed class TensorDifferenceTests
{
    [TestMethod]
    public void Integers_of_all_64_bits_are_compared_and_told()
    {
        Tensor wanted = Tensor.Vector(1ul, ulong.MaxValue, 3ul), got = Tensor.Vector(1ul, ulong.MaxValue - 1, 3ul);
        Assert.IsNull(TensorDifference.Find(wanted, wanted));
        Assert.AreEqual("element 1 is 18446744073709551614 and should be 18446744073709551615", TensorDifference.Find(wanted, got));
        Assert.AreEqual("element 0 is -2 and should be 2", TensorDifference.Find(Tensor.Vector<sbyte>(2), Tensor.Vector<sbyte>(-2)));
    }

    [TestMethod]
    public void Another_shape_or_type_is_told()
    {
        Assert.AreEqual("its shape is [1], not [2]", TensorDifference.Find(Tensor.Vector(1f, 2f), Tensor.Vector(1f)));
        Assert.AreEqual("its type is Int32, not Int64", TensorDifference.Find(Tensor.Vector(1L), Tensor.Vector(1)));
    }

    [TestMethod]
    public void Floats_may_differ_by_a_step_or_by_the_rounding_of_sums()
    {
        Tensor wanted = Tensor.Vector(1f, 100f);
        Assert.IsNull(TensorDifference.Find(wanted, Tensor.Vector(1.05f, 100f)));
        Assert.IsNotNull(TensorDifference.Find(wanted, Tensor.Vector(1.2f, 100f)));
        Assert.IsNull(TensorDifference.Find(wanted, Tensor.Vector(1.2f, 100f), step: 0.2f));
        Assert.IsNotNull(TensorDifference.Find(wanted, Tensor.Vector(1.25f, 100f), step: 0.2f));
        Assert.IsNotNull(TensorDifference.Find(wanted, Tensor.Vector(float.NaN, 100f), step: 0.2f));
        Assert.IsNull(TensorDifference.Find(Tensor.Vector(float.NaN), Tensor.Vector(float.NaN)));
    }

    [TestMethod]
    public void A_number_next_to_infinity_may_have_overflowed()
    {
        Assert.IsNull(TensorDifference.Find(Tensor.Vector(float.NegativeInfinity, 1), Tensor.Vector(-1e37f, 1)));
        Assert.IsNotNull(TensorDifference.Find(Tensor.Vector(float.NegativeInfinity, 1), Tensor.Vector(1e37f, 1)));
        Assert.IsNotNull(TensorDifference.Find(Tensor.Vector(float.NegativeInfinity, 1), Tensor.Vector(-1e35f, 1)));
    }

    [TestMethod]
    public void Infinities_that_both_have_are_no_difference()
    {
        Tensor masked = Tensor.Vector<float>([3, float.NegativeInfinity, 4]),
            near = Tensor.Vector<float>([3, float.NegativeInfinity, 4.5f]);
        Assert.AreEqual(0, TensorDifference.RelativeRms(masked, masked, 0));
        Assert.AreEqual(0.1, TensorDifference.RelativeRms(masked, near, 0), 1e-9);
        Assert.IsNull(TensorDifference.Find(masked, masked));
        Assert.IsNotNull(TensorDifference.Find(masked, near));
    }

    [TestMethod]
    [DataRow(float.PositiveInfinity)]
    [DataRow(float.NaN)]
    [DataRow(4f)]
    public void An_infinity_that_one_has_is(float other)
    {
        Tensor masked = Tensor.Vector<float>([3, float.NegativeInfinity]), wrong = Tensor.Vector<float>([3, other]);
        Assert.IsFalse(TensorDifference.RelativeRms(masked, wrong, 0) < 1e9);
        Assert.IsFalse(TensorDifference.RelativeRms(wrong, masked, 0) < 1e9);
        Assert.IsNotNull(TensorDifference.Find(masked, wrong));
    }

    [TestMethod]
    public void Finite_numbers_are_nudged_up_and_down_and_zeros_stay()
    {
        float[] nudged = TensorDifference.Nudged(Tensor.Vector(1f, 1f, 0f, float.NegativeInfinity, -2f)).Span<float>().ToArray();
        CollectionAssert.AreEqual(
            new[] { 1 + MathF.Pow(2, -23), 1 - MathF.Pow(2, -24), 0, float.NegativeInfinity, -2 + MathF.Pow(2, -23) }, nudged);
    }
}
