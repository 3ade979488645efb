using System.Diagnostics;

namespace ModelOpt.Runtime.Tests.Arm;

/// <summary>
/// This assembly compiled ahead of time for 64-bit Arm, and run by QEMU. It needs clang, lld, the cross compiler's libraries and objcopy,
/// QEMU's user mode, and the packages of NativeAOT.
/// </summary>
internal sealed class ArmProgram : IDisposable
{
    private const string Root = "/usr/aarch64-linux-gnu", ObjCopy = "aarch64-linux-gnu-objcopy", Emulator = "qemu-aarch64";

    private readonly string _folder = Directory.CreateTempSubdirectory("modelopt-arm").FullName;

    /// <summary>What this machine lacks to make and run the program; null if nothing is known to be missing.</summary>
    public static string? Missing { get; } = !OperatingSystem.IsLinux()
        ? "Linux"
        : Array.Find(["clang", "ld.lld", ObjCopy, Emulator], tool => !IsOnPath(tool))
            ?? (File.Exists($"{Root}/lib/crt1.o") ? null : "libc6-dev-arm64-cross");

    /// <summary>Makes the program; ends the test as inconclusive where tools or packages can't be had.</summary>
    public static ArmProgram Publish()
    {
        if (Missing is { } tool)
            Assert.Inconclusive($"Needs {tool}.");
        var program = new ArmProgram();
        program.WriteProject();
        (int? exitCode, string output) = program.Start("dotnet", TimeSpan.FromMinutes(5), "restore");
        if (exitCode != 0)
        {
            program.Dispose();
            Assert.Inconclusive($"The packages of NativeAOT can't be had:{Environment.NewLine}{output}");
        }

        (exitCode, output) = program.Start("dotnet", TimeSpan.FromMinutes(10), "publish", "--no-restore", "-o", "out", "-v", "quiet");
        Assert.AreEqual(0, exitCode, output);
        return program;
    }

    /// <summary>Runs what <see cref="ChildProcess"/> offers on a processor of QEMU's list.</summary>
    public (int? ExitCode, string Output) Run(string processor, params string[] arguments) =>
        Start(Emulator, TimeSpan.FromMinutes(10), ["-cpu", processor, "-L", Root, Path.Combine(_folder, "out", "arm"), .. arguments]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsOnPath(string tool) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));

    private void WriteProject()
    {
        string binaries = Path.GetDirectoryName(typeof(ArmProgram).Assembly.Location)!, tests = typeof(ArmProgram).Assembly.GetName().Name!;
        string[] assemblies = [tests, "ModelOpt.Runtime", "MSTest.TestFramework", "Iced", "Google.FlatBuffers"];
        File.WriteAllText(Path.Combine(_folder, "arm.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>linux-arm64</RuntimeIdentifier>
                <PublishAot>true</PublishAot>
                <LinkerFlavor>lld</LinkerFlavor>
                <ObjCopyName>{ObjCopy}</ObjCopyName>
                <InvariantGlobalization>true</InvariantGlobalization>
                <!-- Tests are found by reflection, and all of them are kept. -->
                <SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>
              </PropertyGroup>
              <ItemGroup>
                <Reference Include="{string.Join(';', assemblies.Select(name => Path.Combine(binaries, name + ".dll")))}" />
                <TrimmerRootAssembly Include="{tests}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(
            Path.Combine(_folder, "Program.cs"),
            $"return (int)System.Reflection.Assembly.Load(\"{tests}\").EntryPoint!.Invoke(null, [args])!;");
    }

    /// <summary>Runs a program to its end; without an exit code if it does not end in time.</summary>
    private (int? ExitCode, string Output) Start(string file, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(limit))
            return (process.ExitCode, output.Result + errors.Result);
        process.Kill(entireProcessTree: true);
        return (null, $"{file} did not end within {limit}.");
    }
}
