using ModelOpt.Cli.Bench;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;
using ModelOpt.Runtime;

namespace ModelOpt.Cli.Tests.Bench;

[TestClass]
internal sealed class OnnxRuntimeContenderTests
{
    [TestMethod]
    public void Runs_allocate_no_managed_memory()
    {
        using var folder = new TempFolder();
        CompiledModel compiled = ModelCompiler.Compile(folder.WriteBrightest(), new CompileOptions(), new DiagnosticList());
        using TfliteModel tflite = TfliteModel.Load(compiled.Tflite);
        using var contender = new OnnxRuntimeContender("model.onnx", compiled.Onnx, threads: 1, batch: 1, tflite.Inputs);
        for (int i = 0; i < 3; i++) contender.Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) contender.Run();
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
