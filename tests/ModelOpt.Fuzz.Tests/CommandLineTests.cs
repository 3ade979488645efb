using System.Diagnostics;

namespace ModelOpt.Fuzz.Tests;

[TestClass]
internal sealed class CommandLineTests
{
    [TestMethod]
    public void Help_is_shown()
    {
        using Process process = Process.Start(
            new ProcessStartInfo("dotnet",
                [Path.Combine(AppContext.BaseDirectory, "modelopt-fuzz.dll"), "--help"]) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode);
        StringAssert.Contains(text, "modelopt-fuzz");
    }
}
