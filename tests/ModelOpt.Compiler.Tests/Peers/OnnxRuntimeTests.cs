using ModelOpt.OnnxRuntime;

namespace ModelOpt.Compiler.Tests.Peers;

[TestClass]
public sealed class OnnxRuntimeTests
{
    private static readonly float[] s_mixed = [1f, -2f, 3f, -4f, 5f, -6f, 7f, -8f];
    private static readonly float[] s_positive = [1f, 0f, 3f, 0f, 5f, 0f, 7f, 0f];

    private static byte[] Relu =>
        TinyModel.Of("Relu", [TinyModel.Tensor("x", 1, "N", "4")], [TinyModel.Tensor("y", 1, "N", "4")]);

    private static byte[] Add =>
        TinyModel.Of("Add", [TinyModel.Tensor("a", 1, "4"), TinyModel.Tensor("b", 1, "4")], [TinyModel.Tensor("sum", 1, "4")]);

    [TestMethod]
    public void A_model_tells_its_inputs_and_outputs_and_runs()
    {
        using var session = new OrtSession(Relu, new OrtSessionOptions { Threads = 1 });

        OrtValueInfo input = session.Inputs.Single();
        Assert.AreEqual("x", input.Name);
        Assert.AreEqual(OrtElementType.Float32, input.ElementType);
        CollectionAssert.AreEqual(new long[] { -1, 4 }, input.Shape.ToArray());
        CollectionAssert.AreEqual(new[] { "N", "" }, input.Symbols.ToArray());
        Assert.AreEqual("y", session.Outputs.Single().Name);

        OrtTensor y = session.Run(new Dictionary<string, OrtTensor> { ["x"] = OrtTensor.Create(s_mixed, 2, 4) })["y"];
        CollectionAssert.AreEqual(new long[] { 2, 4 }, y.Shape.ToArray());
        CollectionAssert.AreEqual(s_positive, y.Span<float>().ToArray());
    }

    [TestMethod]
    public void A_model_is_loaded_from_a_file_whose_name_is_not_ASCII()
    {
        string file = Path.Combine(Path.GetTempPath(), $"модель {Guid.NewGuid()}.onnx");
        File.WriteAllBytes(file, Relu);
        try
        {
            using var session = new OrtSession(file);
            Assert.AreEqual("x", session.Inputs.Single().Name);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void Every_element_type_goes_in_and_comes_out()
    {
        Check<float>(1.5f, float.MinValue);
        Check<double>(1.5, double.MaxValue);
        Check<Half>((Half)1.5f, Half.MaxValue);
        Check<sbyte>(sbyte.MinValue, 1);
        Check<byte>(byte.MaxValue, 1);
        Check<short>(short.MinValue, 1);
        Check<ushort>(ushort.MaxValue, 1);
        Check<int>(int.MinValue, 1);
        Check<uint>(uint.MaxValue, 1);
        Check<long>(long.MinValue, 1);
        Check<ulong>(ulong.MaxValue, 1);
        Check<bool>(true, false);

        static void Check<T>(T first, T second) where T : unmanaged
        {
            OrtTensor x = OrtTensor.Create<T>([first, second], 2);
            int type = (int)x.ElementType;
            using var session = new OrtSession(
                TinyModel.Of("Identity", [TinyModel.Tensor("x", type, "2")], [TinyModel.Tensor("y", type, "2")]));
            OrtTensor y = session.Run(new Dictionary<string, OrtTensor> { ["x"] = x })["y"];
            Assert.AreEqual(x.ElementType, y.ElementType);
            CollectionAssert.AreEqual(new[] { first, second }, y.Span<T>().ToArray());
        }
    }

    [TestMethod]
    public void A_scalar_and_an_empty_tensor_pass()
    {
        using var scalar = new OrtSession(TinyModel.Of("Relu", [TinyModel.Tensor("x", 1)], [TinyModel.Tensor("y", 1)]));
        OrtTensor y = scalar.Run(new Dictionary<string, OrtTensor> { ["x"] = OrtTensor.Create([-3f]) })["y"];
        Assert.AreEqual(0, y.Shape.Length);
        Assert.AreEqual(0f, y.Span<float>()[0]);

        using var open = new OrtSession(Relu);
        OrtTensor none = OrtTensor.Create(Array.Empty<float>(), 0, 4);
        OrtTensor empty = open.Run(new Dictionary<string, OrtTensor> { ["x"] = none })["y"];
        CollectionAssert.AreEqual(new long[] { 0, 4 }, empty.Shape.ToArray());
    }

    [TestMethod]
    public void Errors_carry_the_message_of_ONNX_Runtime()
    {
        OnnxRuntimeException garbage = Assert.ThrowsExactly<OnnxRuntimeException>(() => new OrtSession([1, 2, 3]));
        StringAssert.Contains(garbage.Message, "protobuf");

        using var session = new OrtSession(Add);
        OrtTensor four = OrtTensor.Create([1f, 2f, 3f, 4f], 4);
        OnnxRuntimeException missing = Assert.ThrowsExactly<OnnxRuntimeException>(
            () => session.Run(new Dictionary<string, OrtTensor> { ["a"] = four }));
        StringAssert.Contains(missing.Message, "b");
        OnnxRuntimeException shape = Assert.ThrowsExactly<OnnxRuntimeException>(
            () => session.Run(new Dictionary<string, OrtTensor> { ["a"] = four, ["b"] = OrtTensor.Create([1f, 2f], 2) }));
        StringAssert.Contains(shape.Message, "Got: 2 Expected: 4");
        ArgumentException name = Assert.ThrowsExactly<ArgumentException>(
            () => session.Run(new Dictionary<string, OrtTensor> { ["c"] = four }));
        StringAssert.Contains(name.Message, "'c'");
    }

    [TestMethod]
    public void Strings_are_refused()
    {
        Assert.ThrowsExactly<NotSupportedException>(() => new OrtTensor(OrtElementType.Text, [1], [0]));

        byte[] model = TinyModel.Of("Cast", [TinyModel.Tensor("x", 1, "1")], [TinyModel.Tensor("y", 8, "1")]);
        var cast = Compiler.Onnx.Proto.ModelProto.Parser.ParseFrom(model);
        cast.Graph.Node[0].Attribute.Add(new Compiler.Onnx.Proto.AttributeProto
        {
            Name = "to",
            I = 8,
            Type = Compiler.Onnx.Proto.AttributeProto.Types.AttributeType.Int,
        });
        using var session = new OrtSession(Google.Protobuf.MessageExtensions.ToByteArray(cast));
        Assert.AreEqual(OrtElementType.Text, session.Outputs.Single().ElementType);
        NotSupportedException refused = Assert.ThrowsExactly<NotSupportedException>(
            () => session.Run(new Dictionary<string, OrtTensor> { ["x"] = OrtTensor.Create([1f], 1) }));
        StringAssert.Contains(refused.Message, "strings");
    }

    [TestMethod]
    public void Bound_runs_allocate_nothing()
    {
        using var session = new OrtSession(Add, new OrtSessionOptions { Threads = 1 });
        using OrtBinding run = session.Bind(new Dictionary<string, OrtTensor>
        {
            ["a"] = OrtTensor.Create([1f, 2f, 3f, 4f], 4),
            ["b"] = OrtTensor.Create([10f, 20f, 30f, 40f], 4),
        });
        run.Run();
        CollectionAssert.AreEqual(new[] { 11f, 22f, 33f, 44f }, run.Output<float>("sum").ToArray());

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            run.Input<float>("a")[0] = i;
            run.Run();
        }
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.AreEqual(19f, run.Output<float>("sum")[0]);
        Assert.ThrowsExactly<ArgumentException>(() => run.Input<int>("a").Clear());
    }

    [TestMethod]
    public void One_session_serves_many_threads()
    {
        using var session = new OrtSession(Relu, new OrtSessionOptions { Threads = 1 });
        var wrong = new System.Collections.Concurrent.ConcurrentBag<int>();
        Parallel.For(1, 100, i =>
        {
            var inputs = new Dictionary<string, OrtTensor> { ["x"] = OrtTensor.Create([i, -i, i, (float)-i], 1, 4) };
            if (session.Run(inputs, "y")["y"].Span<float>() is not [var a, 0f, _, 0f] || a != i)
                wrong.Add(i);
        });
        Assert.IsEmpty(wrong);
    }

    [TestMethod]
    public void The_library_is_searched_in_the_order_that_is_documented()
    {
        string name = OperatingSystem.IsWindows() ? "onnxruntime.dll"
            : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";
        DirectoryInfo application = Directory.CreateTempSubdirectory("modelopt-");
        try
        {
            OnnxRuntimeNotFoundException none = Assert.ThrowsExactly<OnnxRuntimeNotFoundException>(
                () => OnnxRuntimeLibrary.Find(application.FullName, null));
            StringAssert.Contains(none.Message, "npm install --ignore-scripts onnxruntime-node");
            StringAssert.Contains(none.Message, OnnxRuntimeLibrary.PathVariable);

            string elsewhere = Create("elsewhere", name);
            Assert.AreEqual(elsewhere, OnnxRuntimeLibrary.Find(application.FullName, elsewhere));
            Assert.AreEqual(elsewhere, OnnxRuntimeLibrary.Find(application.FullName, Path.GetDirectoryName(elsewhere)));
            Assert.ThrowsExactly<OnnxRuntimeNotFoundException>(
                () => OnnxRuntimeLibrary.Find(application.FullName, Path.Combine(application.FullName, "missing")));

            string rid = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;
            string underRuntimes = Create("runtimes", rid, "native", name);
            Assert.AreEqual(underRuntimes, OnnxRuntimeLibrary.Find(application.FullName, elsewhere));
            string beside = Create(name);
            Assert.AreEqual(beside, OnnxRuntimeLibrary.Find(application.FullName, elsewhere));
        }
        finally
        {
            application.Delete(recursive: true);
        }

        string Create(params string[] parts)
        {
            string file = Path.Combine([application.FullName, .. parts]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, []);
            return file;
        }
    }
}
