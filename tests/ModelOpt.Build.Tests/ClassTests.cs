using ModelOpt.Build.Tests.Consumers;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Build.Tests;

/// <summary>Classes of models whose names or types are awkward, compiled and run.</summary>
[TestClass]
internal sealed class ClassTests
{
    private const int Float32 = 1, UInt16 = 4, Float16 = 10, Float64 = 11, UInt32 = 12;

    [TestMethod]
    public void Classes_have_no_member_s_name_and_take_what_the_file_says()
    {
        using Consumer app = Consumer.App("""
            <ModelItem Include="tiny.onnx" CalibrationData="data.npy" />
            <ModelItem Include="output.onnx;run.onnx;dispose.onnx;resource_name.onnx;file_name.onnx" Quantization="None" />
            <ModelItem Include="labels.onnx" Quantization="None" Labels="labels.txt" InputNames="numbers" OutputNames="scores" />
            <ModelItem Include="half.onnx;double_precision.onnx;ushort_numbers.onnx;uint_numbers.onnx" Quantization="None" />
            """, "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>");
        foreach (string name in (string[])["output", "run", "dispose", "resource_name", "file_name", "labels"])
            TinyModel.WriteNode(app.PathOf($"{name}.onnx"), Float32);
        TinyModel.WriteNode(app.PathOf("half.onnx"), Float16);
        TinyModel.WriteNode(app.PathOf("double_precision.onnx"), Float64);
        TinyModel.WriteNode(app.PathOf("ushort_numbers.onnx"), UInt16);
        TinyModel.WriteNode(app.PathOf("uint_numbers.onnx"), UInt32);
        app.Write("labels.txt", "a\nb\nc\nd\n");
        app.Write("Program.cs", """
            float[] x = [1, -1, 3, 2];
            using var output = new App.OutputModel();
            using var run = new App.RunModel();
            using var dispose = new App.DisposeModel();
            using var resource = new App.ResourceNameModel();
            using var file = new App.FileNameModel();
            using var labels = new App.LabelsModel();
            using var half = new App.Half();
            using var real = new App.DoublePrecision();
            using var shorts = new App.UshortNumbers();
            using var ints = new App.UintNumbers();
            float sum = output.Run(x).Y[2] + run.Run(x).Y[2] + dispose.Run(x).Y[2] + resource.Run(x).Y[2] + file.Run(x).Y[2];
            System.Console.WriteLine(sum + " " + labels.Run(x).Top(1)[0].Label);
            App.LabelsModel.OwnedOutput kept;
            using (App.LabelsModel.Output result = labels.Run(numbers: x)) kept = result.ToOwned();
            await System.Threading.Tasks.Task.Yield();
            System.Console.WriteLine(kept.Batch + " " + kept.Scores.Length + " " + kept.Scores.Span[2] + " " + kept.Top(1)[0].Label);
            using var halves = half.Run([(System.Half)1.5f, (System.Half)(-1), System.Half.MaxValue, System.Half.Zero]);
            System.ReadOnlySpan<System.Half> y = halves.Y;
            System.Console.WriteLine(y[0] + " " + y[1] + " " + y[2] + " " + real.Run([0.5, -2, 1, 0]).Y[0]);
            System.Console.WriteLine(shorts.Run([65535, 0, 1, 2]).Y[0] + " " + ints.Run([4000000000, 0, 1, 2]).Y[0]);
            """);

        Assert.AreEqual(11, app.Build("-p:InvariantGlobalization=true").Clean().Compressions);
        Assert.AreEqual("15 c\n1 4 3 c\n1.5 0 65500 0.5\n65535 4E+09", app.Run().ReplaceLineEndings("\n"));

        app.Edit("app.csproj", "Include=\"labels.onnx\"", "Include=\"labels.onnx\" ClassName=\"Labels\"");
        app.Build("--no-restore").FailedWith("MOPT6005", "labels.onnx", "'Labels'", "member");
        app.Edit("app.csproj", "ClassName=\"Labels\"", "ClassName=\"record\"");
        app.Build("--no-restore").FailedWith("MOPT6005", "labels.onnx", "'record'");
    }

    [TestMethod]
    public void A_TFLite_file_is_an_item_like_any()
    {
        using Consumer app = Consumer.App(
            """
            <ModelItem Include="tiny.onnx" Quantization="None" /><ModelItem Include="again.tflite" Quantization="None" />
            <ModelItem Include="tiny.onnx" ClassName="Pixels" Quantization="None" InputType="uint8" InputStd="255" />
            """);
        File.WriteAllBytes(app.PathOf("again.tflite"), ModelCompiler.Compile(
            app.PathOf("tiny.onnx"), new CompileOptions { Quantization = QuantizationMode.None }, new DiagnosticList()).Tflite);
        app.Write("Program.cs", """
            float[] image = new float[64];
            for (int i = 0; i < image.Length; i++) image[i] = i % 7 / 7f;
            using var tiny = new App.Tiny();
            using var again = new App.Again();
            using var a = tiny.Run(image);
            using var b = again.Run(image);
            System.Console.WriteLine(System.MemoryExtensions.SequenceEqual(a.Scores, b.Scores) + " " + a.Scores.Length);

            // Models of one signature stand for each other, wherever their bytes come from.
            byte[] bytes = System.IO.File.ReadAllBytes("again.tflite");
            using var stream = new System.IO.MemoryStream(bytes);
            ModelOpt.Runtime.IModel<float, float>[] models = [tiny, again, new App.Tiny(bytes), new App.Again(stream)];
            foreach (var model in models)
            {
                float[] scores = new float[model.OutputLength];
                model.Run(image, scores);
                bool isSame = System.MemoryExtensions.SequenceEqual(a.Scores, scores) && model.InputLength == 64;
                System.Console.Write(isSame ? "same " : "other ");
            }

            // Twice as large as what the model takes.
            byte[] gray = new byte[64], rgba = new byte[4 * 16 * 16];
            for (int i = 0; i < gray.Length; i++) gray[i] = (byte)(i % 8 < 4 ? 20 : 200);
            for (int i = 0; i < rgba.Length; i++) rgba[i] = (byte)(i / 4 % 16 < 8 ? 20 : 200);
            using var pixels = new App.Pixels();
            using var c = pixels.Run(gray);
            using var d = pixels.Run(rgba, 16, 16);
            System.Console.WriteLine(System.MathF.Abs(c.Scores[0] - d.Scores[0]) < 0.1f);
            """);
        Assert.AreEqual(3, app.Build("-p:InvariantGlobalization=true").Clean().Compressions);
        Assert.AreEqual("True 3\nsame same same same True", app.Run().ReplaceLineEndings("\n"));
        Assert.AreEqual(0, app.Build("--no-restore").Clean().Compressions);
        File.WriteAllBytes(app.PathOf("again.tflite"), [0x1c, 0, 0, 0, .. "TFL3"u8, 0, 0]);
        app.Build("--no-restore").FailedWith("MOPT1015", "again.tflite", "damaged");
    }

    [TestMethod]
    public void A_call_says_sizes_that_are_open()
    {
        using Consumer app = Consumer.App(
            """<ModelItem Include="open.onnx" Quantization="None" />""", "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>");
        TinyModel.WriteOpen(app.PathOf("open.onnx"));
        app.Write("Program.cs", """
            using var model = new App.Open();
            using (App.Open.Output result = model.Run([1, 2, 3, 4, 5, 6], [2, 3], [0, 0, 0, 0, 10, 20], [2, 3]))
                System.Console.WriteLine(result.Y[5] + " " + result.YShape[0] + " " + result.YShape[1] + " " + result.Batch);
            float[] y = new float[2];
            model.Run([1, 2], [1, 2], [3, 3], [1, 2], y);
            System.Console.WriteLine(y[1]);
            try { model.Run([1, 2], [1, 3], [3, 3], [1, 2], y); } catch (System.ArgumentException) { System.Console.WriteLine("refused"); }
            float[] x = [1, 2];
            int[] shape = [1, 2];
            for (int i = 0; i < 10; i++) model.Run(x, shape, x, shape, y);
            long before = System.GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++) model.Run(x, shape, x, shape, y);
            System.Console.WriteLine(System.GC.GetAllocatedBytesForCurrentThread() - before);
            """);
        app.Build("-p:InvariantGlobalization=true").Clean();
        Assert.AreEqual("26 2 3 2\n5\nrefused\n0", app.Run().ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void A_stream_carries_the_state_of_its_own_conversation()
    {
        using Consumer app = Consumer.App("""
            <ModelItem Include="sum.onnx" Quantization="None" State="h:hn" />
            <ModelItem Include="sum.onnx" ClassName="Plain" Quantization="None" />
            """, "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>");
        TinyModel.WriteRecurrent(app.PathOf("sum.onnx"));
        app.Write("Program.cs", """
            using var model = new App.Sum();
            App.Sum.Stream a = model.CreateStream(), b = model.CreateStream();
            float[] y = new float[2];
            a.Run([1, 2], y);
            a.Run([3, 4], y);
            b.Run([5, 6], y);
            a.Run([1, 1], y);
            System.Console.WriteLine(y[0] + " " + y[1] + " " + b.H[0] + " " + a.Run([0, 0]).Hn[1]);
            try { a.Run([1], y); } catch (System.ArgumentException) { System.Console.WriteLine("refused " + a.H[0]); }
            a.Reset();
            System.Console.WriteLine(a.Run([7, 8]).Hn[0] + " " + model.Run([1, 2], [3, 4]).Y[1]);
            for (int i = 0; i < 10; i++) a.Run([0, 0], y);
            long before = System.GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++) a.Run(y, y);
            System.Console.WriteLine(System.GC.GetAllocatedBytesForCurrentThread() - before);
            System.Console.WriteLine(typeof(App.Plain).GetNestedType("Stream") is null);
            """);
        app.Build("-p:InvariantGlobalization=true").Clean();
        Assert.AreEqual("4 6 5 7\nrefused 5\n7 8\n0\nTrue", app.Run().ReplaceLineEndings("\n"));

        app.Edit("app.csproj", "State=\"h:hn\"", "State=\"h:next\"");
        app.Build("--no-restore").FailedWith("MOPT6021", "sum.onnx", "no output 'next'");
    }
}
