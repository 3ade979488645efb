namespace ModelOpt.Compiler.Tests.Graphs;

[TestClass]
internal sealed class DimTests
{
    private static Dim N => new(-1, "N");

    private static Dim M => new(-1, "M");

    [TestMethod]
    public void Numbers_are_computed_and_may_be_negative()
    {
        Assert.AreEqual(-3, ((Dim)2 - 5).Number());
        Assert.AreEqual((Dim)6, Dim.Literal(-2) * Dim.Literal(-3));
        Assert.AreEqual(-2, Dim.Divide(Dim.Literal(-5), 2).Number());
        Assert.AreEqual(-3, Dim.FloorDivide(Dim.Literal(-5), 2).Number());
        Assert.AreEqual(-2, Dim.CeilDivide(Dim.Literal(-5), 2).Number());
        Assert.IsNull(N.Number());
    }

    [TestMethod]
    public void What_overflows_or_divides_by_zero_is_unknown()
    {
        Assert.AreEqual(Dim.Unknown, (Dim)long.MaxValue + 1);
        Assert.AreEqual(Dim.Unknown, (Dim)long.MaxValue * 2);
        Assert.AreEqual(Dim.Unknown, Dim.Divide(4, 0));
        Assert.AreEqual(Dim.Unknown, Dim.Divide(N, 0));
        Assert.AreEqual(Dim.Unknown, Dim.Divide(Dim.Literal(long.MinValue), Dim.Literal(-1)));
        Assert.AreEqual(Dim.Unknown, Dim.Quotient(N, 0));
    }

    [TestMethod]
    public void Sums_and_products_have_one_form_and_are_divided()
    {
        Dim product = Dim.Product([M, 3, N, 4]);
        Assert.AreEqual(product, Dim.Product([12, N, M]));
        Assert.AreEqual("12*M*N", product.ToString());
        Assert.AreEqual(M * 4, Dim.Quotient(product, N * 3));
        Assert.AreEqual(Dim.Unknown, Dim.Quotient(product, 5));
        Assert.AreEqual(Dim.Unknown, Dim.Quotient(N, M));
        Assert.AreEqual((Dim)0, Dim.Product([N, 0]));
        Assert.AreEqual(N - 1, Dim.Quotient((N * N) - 1, N + 1));
        Assert.AreEqual((N * N) + (N * M * 2) + (M * M), (N + M) * (M + N));
        Assert.AreEqual((Dim)0, (N * (M + 1)) - (N * M) - N);
    }

    [TestMethod]
    public void Quotients_are_rounded_in_one_form()
    {
        Assert.AreEqual((N * 2) + 1, Dim.FloorDivide((N * 4) + 3, 2));
        Assert.AreEqual(Dim.FloorDivide(N + 1, 4), Dim.FloorDivide(Dim.FloorDivide(N + 1, 2), 2));
        Assert.AreEqual(Dim.FloorDivide(N, 3), Dim.FloorDivide(N * 2, 6));
        Assert.AreEqual(N + Dim.FloorDivide(M, N), Dim.FloorDivide((N * N) + M, N));
        // Three convolutions with strides 2, and one with stride 8 and the window that they make together.
        Dim size = N;
        for (int i = 0; i < 3; i++) size = Dim.FloorDivide(size - 1, 2) + 1;
        Assert.AreEqual(Dim.FloorDivide(N - 1, 8) + 1, size);
    }

    [TestMethod]
    public void The_smaller_and_the_larger_are_found_where_that_is_certain()
    {
        Assert.AreEqual(N, Dim.Min(N, N + 3));
        Assert.AreEqual(N + 3, Dim.Max(N + 3, N));
        Assert.AreEqual(Dim.Min(Dim.Min(N, 5), M), Dim.Min(M, Dim.Min(7, Dim.Min(5, N))));
        Assert.AreEqual(N, Dim.Max(N, 0));
        Assert.AreEqual("max(0, N - 5)", Dim.Max(N - 5, 0).ToString());
    }

    [TestMethod]
    [DataRow("2*batch", "2*batch")]
    [DataRow("(N-5)", "N - 5")]
    [DataRow("(N/5)", "floor(N/5)")]
    [DataRow("floor(H/2 - 1/2) + 1", "floor((H + 1)/2)")]
    [DataRow("(s0 - 1)//2 + 1", "floor((s0 + 1)/2)")]
    [DataRow("ceiling(H/32)", "floor((H + 31)/32)")]
    [DataRow("Max(1, s0)", "max(1, s0)")]
    [DataRow("past_sequence_length + sequence_length", "past_sequence_length + sequence_length")]
    [DataRow("seq-len", "seq-len")]
    [DataRow("unk/x:0_dim", "unk/x:0_dim")]
    [DataRow("any text?", "any text?")]
    [DataRow("0.5*H", "0.5*H")]
    [DataRow("N\0", "N\0")]
    [DataRow("floor(N", "floor(N")]
    public void What_exporters_write_is_read_and_any_other_text_is_a_name(string text, string canonical)
    {
        Assert.AreEqual(canonical, new Dim(-1, text).ToString());
        Assert.AreEqual(new Dim(-1, text), new Dim(-1, canonical));
    }

    [TestMethod]
    public void Names_that_are_no_words_stand_between_quotes()
    {
        Dim odd = Dim.Named("a \"b\" \\ c"), minus = Dim.Named("a - b"), function = Dim.Named("floor");
        foreach (Dim dim in new[] { odd, minus, function, odd + 1, minus * function, Dim.Min(odd, minus) - N })
            Assert.AreEqual(dim, new Dim(-1, dim.ToString()), dim.ToString());
        Assert.AreNotEqual(new Dim(-1, "a - b"), minus);
    }

    [TestMethod]
    public void Unknown_sizes_stay_unknown()
    {
        Assert.AreEqual(Dim.Unknown, Dim.Unknown + 1);
        Assert.AreEqual(Dim.Unknown, Dim.Unknown - Dim.Unknown);
        Assert.AreEqual(Dim.Unknown, Dim.Product([N, Dim.Unknown]));
        Assert.AreEqual(Dim.Unknown, Dim.Max(N, Dim.Unknown));
    }

    [TestMethod]
    public void Expressions_do_not_grow_without_end()
    {
        Dim dim = N, deep = N;
        for (int i = 0; i < 1000; i++)
        {
            dim = (dim * dim) + 1;
            deep = Dim.FloorDivide(deep + M, N + i);
        }

        Assert.AreEqual(Dim.Unknown, dim);
        Assert.AreEqual(Dim.Unknown, deep);
        new Dim(-1, new string('(', 900) + "N").ToString();
        new Dim(-1, new string('-', 900) + "N").ToString();
    }

    /// <summary>
    /// Random expressions are what their parts are, with numbers in place of names, and are read again as they are written.
    /// </summary>
    [TestMethod]
    public void Random_expressions_agree_with_evaluation()
    {
        Random random = new(1);
        int known = 0, equal = 0;
        for (int run = 0; run < 20_000; run++)
        {
            Dictionary<string, Dim> sizes = new() { ["N"] = random.Next(1, 40), ["M"] = random.Next(1, 9), ["H"] = random.Next(1, 300) };
            (Dim symbolic, Int128 value) = Draw(3);
            if (symbolic == Dim.Unknown) continue;
            known++;
            Assert.AreEqual((long)value, symbolic.With(sizes).Number(),
                $"{symbolic} where N = {sizes["N"]}, M = {sizes["M"]}, H = {sizes["H"]}");
            if (symbolic.Symbol is { } text && symbolic.Number() is null) Assert.AreEqual(symbolic, new Dim(-1, text), text);
            if (Dim.IsNotNegative(symbolic)) Assert.IsTrue(value >= 0, $"{symbolic}");
            Dim again = (symbolic * 3) - symbolic - symbolic;
            if (again == symbolic) equal++;

            (Dim Dim, Int128 Value) Draw(int depth)
            {
                if (depth == 0 || random.Next(6) == 0)
                {
                    string name = "NMH"[random.Next(3)].ToString();
                    long number = random.Next(-4, 9);
                    return random.Next(2) == 0 ? (new Dim(-1, name), sizes[name].Size) : (Dim.Literal(number), number);
                }

                (Dim a, Int128 x) = Draw(depth - 1);
                (Dim b, Int128 y) = Draw(depth - 1);
                bool divides = y > 0 && (b.Number() > 0 || Dim.IsNotNegative(b));
                return random.Next(divides ? 9 : 5) switch
                {
                    0 => (a + b, x + y),
                    1 => (a - b, x - y),
                    2 => (a * b, x * y),
                    3 => (Dim.Min(a, b), Int128.Min(x, y)),
                    4 => (Dim.Max(a, b), Int128.Max(x, y)),
                    5 => (Dim.Divide(a, b), x / y),
                    6 => (Dim.CeilDivide(a, b), -Floor(-x, y)),
                    7 => Dim.Quotient(a, b) is var exact && exact == Dim.Unknown ? (a, x) : (exact, x / y),
                    _ => (Dim.FloorDivide(a, b), Floor(x, y)),
                };
            }
        }

        Assert.IsGreaterThan(15_000, known);
        Assert.IsGreaterThan(known * 9 / 10, equal);

        static Int128 Floor(Int128 x, Int128 y) => (x / y) - (x % y < 0 ? 1 : 0);
    }
}
