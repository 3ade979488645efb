using ModelOpt.Compiler.Graphs;
using ModelOpt.Compiler.Operators.Contract;
using ModelOpt.Compiler.Operators.Elementwise;

namespace ModelOpt.Compiler.Tests.Operators.Contract;

[TestClass]
public sealed class DimArithmeticTests
{
    private static Dim N => new(-1, "N");

    private static Dim M => new(-1, "M");

    [TestMethod]
    public void Numbers_are_computed_and_may_be_negative()
    {
        Assert.AreEqual(-3, DimArithmetic.Subtract(2, 5).Number());
        Assert.AreEqual((Dim)6, DimArithmetic.Multiply(DimArithmetic.Literal(-2), DimArithmetic.Literal(-3)));
        Assert.AreEqual(-2, DimArithmetic.Divide(DimArithmetic.Literal(-5), 2).Number());
        Assert.IsNull(N.Number());
    }

    [TestMethod]
    public void What_overflows_or_divides_by_zero_is_unknown()
    {
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Add(long.MaxValue, 1));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Multiply(long.MaxValue, 2));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Divide(4, 0));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Divide(DimArithmetic.Literal(long.MinValue), DimArithmetic.Literal(-1)));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Quotient([N], [0]));
    }

    [TestMethod]
    public void Products_have_one_form_and_are_divided()
    {
        Dim product = DimArithmetic.Product([M, 3, N, 4]);
        Assert.AreEqual(product, DimArithmetic.Product([12, N, M]));
        Assert.AreEqual("12*M*N", product.ToString());
        Assert.AreEqual(DimArithmetic.Multiply(4, M), DimArithmetic.Quotient([product], [N, 3]));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Quotient([product], [5]));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Quotient([N], [M]));
        Assert.AreEqual((Dim)0, DimArithmetic.Product([N, 0]));
    }

    [TestMethod]
    public void Neutral_elements_leave_symbols_alone()
    {
        Assert.AreEqual(N, DimArithmetic.Add(N, 0));
        Assert.AreEqual(N, DimArithmetic.Subtract(N, 0));
        Assert.AreEqual(N, DimArithmetic.Multiply(1, N));
        Assert.AreEqual(N, DimArithmetic.Divide(N, 1));
        Assert.AreEqual((Dim)0, DimArithmetic.Subtract(N, N));
    }

    [TestMethod]
    public void Unknown_sizes_stay_unknown()
    {
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Add(Dim.Unknown, 1));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Subtract(Dim.Unknown, Dim.Unknown));
        Assert.AreEqual(Dim.Unknown, DimArithmetic.Product([N, Dim.Unknown]));
    }

    [TestMethod]
    public void Expressions_do_not_grow_without_end()
    {
        Dim dim = N;
        for (int i = 0; i < 1000; i++) dim = DimArithmetic.Add(DimArithmetic.Multiply(dim, dim), 1);
        Assert.AreEqual(Dim.Unknown, dim);
    }
}
