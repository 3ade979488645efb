using System.Diagnostics;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>A project of a user, in a temporary folder far from the repository.</summary>
internal sealed class Consumer : IDisposable
{
    /// <summary>What the application prints that <see cref="App"/> writes.</summary>
    public const string Printed = "scores 3, batch 6, allocated 0";

    private readonly string _root;
    private int _builds;

    /// <summary>Creates an empty folder that restores from the tests' feed alone.</summary>
    /// <param name="folder">The name of the project's folder.</param>
    public Consumer(string folder = "app")
    {
        _root = Directory.CreateTempSubdirectory("modelopt-").FullName;
        Folder = Path.Combine(_root, folder);
        Directory.CreateDirectory(Folder);
        Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="feed" value="{LocalFeed.Folder}" />
              </packageSources>
              <packageSourceMapping>
                <packageSource key="feed"><package pattern="ModelOpt.*" /></packageSource>
              </packageSourceMapping>
            </configuration>
            """);
        // Nothing above the folder reaches in, and what is compressed comes from no other test.
        Write("Directory.Build.props", $"""
            <Project>
              <PropertyGroup>
                <ModelOptCacheDirectory>{Cache}</ModelOptCacheDirectory>
              </PropertyGroup>
            </Project>
            """);
        Write("Directory.Build.targets", "<Project />");
        Write("Directory.Packages.props", "<Project />");
    }

    /// <summary>The project's folder.</summary>
    public string Folder { get; }

    /// <summary>The locale of all that runs, such as <c>tr_TR</c>; null for the machine's.</summary>
    public string? Locale { get; init; }

    /// <summary>The folder of compressed models by content, unless a build names another.</summary>
    public string Cache => Path.Combine(_root, "cache");

    /// <summary>The folder of the artifacts.</summary>
    public string Artifacts => PathOf("obj/Debug/modelopt");

    /// <summary>An application with the given items that prints what it computes from a fixed image.</summary>
    /// <param name="items">The <c>ModelItem</c> elements.</param>
    /// <param name="folder">The name of the project's folder.</param>
    public static Consumer App(string items, string properties = "", string folder = "app")
    {
        var consumer = new Consumer(folder);
        consumer.WriteProject("app.csproj", items, $"<OutputType>Exe</OutputType>{properties}");
        consumer.Write("Program.cs", """
            #nullable enable
            namespace App
            {
                public static class Program
                {
                    public static void Main()
                    {
                        using Tiny model = new Tiny();
                        float[] image = new float[Tiny.ImageLength];
                        for (int i = 0; i < image.Length; i++) image[i] = i / (float)image.Length;
                        using Tiny.Output output = model.Run(image);
                        int batch = model.HasAnyBatch(image);
                        for (int i = 0; i < 20; i++) model.RunOnce(image);
                        long before = System.GC.GetAllocatedBytesForCurrentThread();
                        for (int i = 0; i < 20; i++) model.RunOnce(image);
                        long allocated = System.GC.GetAllocatedBytesForCurrentThread() - before;
                        System.Console.WriteLine("scores " + output.Scores.Length + ", batch " + batch + ", allocated " + allocated);
                    }

                    private static void RunOnce(this Tiny model, System.ReadOnlySpan<float> image)
                    {
                        using Tiny.Output output = model.Run(image);
                    }

                    private static int HasAnyBatch(this Tiny model, float[] image)
                    {
                        float[] images = new float[2 * Tiny.ImageLength], scores = new float[2 * Tiny.ScoresLength];
                        image.CopyTo(images, Tiny.ImageLength);
                        model.Run(images, scores);
                        using Tiny.Output alone = model.Run(image);
                        bool isSame = System.MemoryExtensions.SequenceEqual(
                            alone.Scores, System.MemoryExtensions.AsSpan(scores, Tiny.ScoresLength));
                        return isSame ? scores.Length : -1;
                    }
                }
            }
            """);
        TinyModel.Write(consumer.PathOf("tiny.onnx"));
        TinyModel.WriteData(consumer.PathOf("data.npy"), samples: 4);
        return consumer;
    }

    public string PathOf(string path) => Path.Combine(Folder, path);

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text);
    }

    public void WriteProject(string path, string items, string properties) => Write(path, $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <RootNamespace>App</RootNamespace>
            <Nullable>enable</Nullable>
            {properties}
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="ModelOpt.Build" Version="{LocalFeed.Version}" />
            {items}
          </ItemGroup>
        </Project>
        """);

    /// <summary>Replaces text in a file, so that its time changes too.</summary>
    public void Edit(string path, string text, string replacement)
    {
        string before = File.ReadAllText(PathOf(path));
        StringAssert.Contains(before, text);
        File.WriteAllText(PathOf(path), before.Replace(text, replacement, StringComparison.Ordinal));
    }

    /// <summary>Runs <c>dotnet build</c> and reads its log.</summary>
    public BuildLog Build(params string[] arguments) => Execute("build", arguments);

    /// <summary>Runs a build command of <c>dotnet</c> and reads its log.</summary>
    public BuildLog Execute(string command, params string[] arguments)
    {
        string log = NextLog();
        (int exitCode, string output) = Run(Arguments(command, log, arguments));
        return BuildLog.Read(log, exitCode, output);
    }

    /// <summary>Starts a build without waiting for its end.</summary>
    public Process StartBuild() => Dotnet.Start(Folder, LocalFeed.RestoredPackages, Arguments("build", NextLog(), []));

    /// <summary>Runs the built application.</summary>
    public string Run(string assembly = "bin/Debug/net10.0/app.dll", params string[] arguments)
    {
        (int exitCode, string output) = Run([PathOf(assembly), .. arguments]);
        Assert.AreEqual(0, exitCode, output);
        return output.Trim();
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private (int ExitCode, string Output) Run(IEnumerable<string> arguments)
    {
        using Process process = Dotnet.Start(Folder, LocalFeed.RestoredPackages, arguments, Locale);
        return Dotnet.Finish(process);
    }

    private static IEnumerable<string> Arguments(string command, string log, string[] arguments) =>
        [command, .. arguments, "-nodeReuse:false", "-nologo", "-v:minimal", $"-bl:{log}"];

    private string NextLog() => Path.Combine(_root, $"build{++_builds}.binlog");
}
