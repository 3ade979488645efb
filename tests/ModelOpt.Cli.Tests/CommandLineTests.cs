using System.CommandLine;
using System.CommandLine.Help;
using System.Text.RegularExpressions;
using ModelOpt.Cli.Output;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Cli.Tests;

[TestClass]
internal sealed class CommandLineTests
{
    [TestMethod]
    [DataRow("Run 'modelopt --help'")]
    [DataRow("Did you mean 'evaluate'?", "evalute", "m.onnx")]
    [DataRow("Option '--data' is required.", "evaluate", "m.onnx")]
    [DataRow("Did you mean '--labels'?", "evaluate", "m.onnx", "--data", "d.npy", "--lables", "l.npy")]
    [DataRow("Did you mean 'interpreter'?", "evaluate", "m.onnx", "--data", "d.npy", "--engine", "interpretr")]
    [DataRow("not one of modelopt, interpreter, onnxruntime", "evaluate", "m.onnx", "--data", "d.npy", "--engine", "gpu")]
    [DataRow("--limit: '0'", "evaluate", "m.onnx", "--data", "d.npy", "--limit", "0")]
    [DataRow("--label-offset: 'x' is not a whole number.", "evaluate", "m.onnx", "--data", "d.npy", "--label-offset", "x")]
    [DataRow("--mean: '1;x'", "evaluate", "m.onnx", "--data", "d.npy", "--mean", "1;x")]
    [DataRow("--std: '0'", "compress", "m.onnx", "-o", "d", "--std", "0")]
    [DataRow("Option '--output' is required.", "compress", "m.onnx")]
    [DataRow("Did you mean 'int8'?", "compress", "m.onnx", "-o", "d", "--quantization", "int4")]
    [DataRow("Did you mean 'distill'?", "compress", "m.onnx", "-o", "d", "--fine-tune", "distil")]
    [DataRow("--data-layout: 'nchww' is not one of auto, nhwc, nchw. Did you mean 'nchw'?", "evaluate", "m.onnx", "--data", "d.npy",
        "--data-layout", "nchww")]
    [DataRow("--calibration-samples: '0' is not a whole number of at least 1", "compress", "m.onnx", "-o", "d", "--calibration-samples",
        "0")]
    [DataRow("--temperature is an option for experts, which only recipes have: write { \"expert\": { \"temperature\": … } } into the "
        + "recipe.", "compress", "m.onnx", "-o", "d", "--temperature", "4")]
    [DataRow("--early-stop is an option for experts", "train", "m.onnx", "-o", "d", "--training-data", "d.npy", "--early-stop", "4")]
    [DataRow("--sparsity: '1' is not a share from 0 to below 1; the nearest possible value is 0.99.", "compress", "m.onnx", "-o", "d",
        "--sparsity", "1")]
    [DataRow("--sparsity-pattern: '4:2' is not N:M with N below M, both from 1 to 256; the nearest possible value is 2:4.", "compress",
        "m.onnx", "-o", "d", "--sparsity-pattern", "4:2")]
    [DataRow("--clusters: '0' is not a whole number from 2", "compress", "m.onnx", "-o", "d", "--clusters", "0")]
    [DataRow("Did you mean '--decompose'?", "compress", "m.onnx", "-o", "d", "--decomposition", "0.5")]
    [DataRow("--quantization: 'bytes' is not one of int8, float16, weight-only-int8, none.", "compress", "m.onnx", "-o", "d",
        "--quantization", "bytes")]
    [DataRow("--against: 'm.onnx' is not one of onnxruntime:MODEL.onnx", "bench", "m.tflite", "--against", "m.onnx")]
    [DataRow("--threads: '1,0'", "bench", "m.tflite", "--threads", "1,0")]
    [DataRow("--seconds: '-1'", "bench", "m.tflite", "--seconds", "-1")]
    [DataRow("Argument 'n.onnx' is not known.", "inspect", "m.onnx", "n.onnx")]
    [DataRow("Required argument 'MODEL' missing", "inspect")]
    public void A_wrong_command_line_ends_with_2_and_says_what_is_wrong(string reason, params string[] args)
    {
        CliResult result = CliTesting.Run(args);
        Assert.AreEqual(2, result.ExitCode);
        StringAssert.Contains(result.Error, reason);
        Assert.AreEqual("", result.Output);
    }

    [TestMethod]
    [DataRow("inspect", "recipe")]
    [DataRow("compress", "--input-type")]
    [DataRow("evaluate", "--label-offset")]
    [DataRow("bench", "Example: modelopt bench")]
    public void Each_command_explains_itself(string command, string mention)
    {
        CliResult result = CliTesting.Run(command, "--help");
        Assert.AreEqual(0, result.ExitCode);
        StringAssert.Contains(result.Output, mention);
        StringAssert.Contains(CliTesting.Run("--help").Output, command);
        Assert.IsTrue(result.Output.Split('\n').All(line => line.Length <= 121), "lines fit a wide terminal");
    }

    [TestMethod]
    public void The_options_of_compress_have_headings()
    {
        string help = CliTesting.Run("compress", "--help").Output;
        foreach (var group in OptionCatalog.OfItems.GroupBy(o => o.Group))
        {
            string section = help[help.IndexOf($"\n{group.Key}:", StringComparison.Ordinal)..][1..];
            int end = section.IndexOf(Environment.NewLine + Environment.NewLine, StringComparison.Ordinal);
            if (end > 0) section = section[..end];
            foreach (OptionDescription option in group) StringAssert.Contains(section, $"  {option.CommandLine} ");
        }
    }

    [TestMethod]
    [DataRow("inspect")]
    [DataRow("compress")]
    [DataRow("train")]
    [DataRow("evaluate")]
    [DataRow("bench")]
    public void The_documentation_says_of_options_what_help_says(string name)
    {
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null, showProgress: false);
        Command command = CommandLine.Create(terminal).Subcommands.Single(c => c.Name == name);
        HashSet<string> described = [.. OptionCatalog.OfItems.Select(o => o.CommandLine)];
        string help = Words(CliTesting.Run(name, "--help").Output);
        var table = new System.Text.StringBuilder("| option | values | meaning |\n| --- | --- | --- |\n");
        foreach (Option option in command.Options.Where(o => o is not HelpOption && !described.Contains(o.Name)))
        {
            StringAssert.Contains(help, Words(option.Description!));
            string values = option.HelpName is null ? "" : $"`{option.HelpName.Replace("|", "`, `", StringComparison.Ordinal)}`";
            table.Append($"| `{option.Name}` | {values} | {option.Description} |\n");
        }

        Snapshot.Section("docs/cli.md", table.ToString(), $"options of {name}", nameof(CommandLineTests));

        static string Words(string text) => Regex.Replace(text, @"\s+", " ");
    }

    [TestMethod]
    public void The_documentation_has_every_command_and_option()
    {
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "cli.md"));
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null, showProgress: false);
        RootCommand root = CommandLine.Create(terminal);
        foreach (Command command in root.Subcommands)
        {
            StringAssert.Contains(page, $"modelopt {command.Name} MODEL");
            foreach (Option option in command.Options.Where(o => o is not HelpOption))
                Assert.IsTrue(option.Aliases.Append(option.Name).Any(n => Regex.IsMatch(page, $"{n}[ `\\]]")), $"{option.Name} is missing");
        }
    }

    [TestMethod]
    public void Every_command_and_option_in_the_documentation_exists()
    {
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null, showProgress: false);
        var commands = CommandLine.Create(terminal).Subcommands.ToDictionary(c => c.Name, c => c.Options.Select(o => o.Name).ToHashSet());
        HashSet<string> all = [.. commands.Values.SelectMany(o => o)];
        int count = 0;
        foreach (string page in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.md"))
        {
            string text = File.ReadAllText(page);
            foreach (Match call in Regex.Matches(text, @"(?<=[`\n>'] ?|Example: )modelopt ([a-z]+)([^`\n]*)"))
            {
                Assert.IsTrue(commands.TryGetValue(call.Groups[1].Value, out HashSet<string>? options),
                    $"{page}: modelopt {call.Groups[1].Value}");
                foreach (Match option in Regex.Matches(call.Groups[2].Value, "--[a-z][a-z-]+"))
                    Assert.Contains(option.Value, options, $"{page}: modelopt {call.Groups[1].Value} has no such option");
                count++;
            }

            // Other pages have options of other programs, too; --model is one of tests/ModelOpt.Reproduce.
            if (Path.GetFileName(page) is not ("cli.md" or "recipes.md" or "results.md" or "README.md")) continue;
            foreach (Match option in Regex.Matches(Regex.Replace(text, "dotnet .*|`--model`", ""), "(?<=[`| [])--[a-z][a-z-]+"))
                Assert.Contains(option.Value, all, $"{page}: no command has this option");
        }

        Assert.IsGreaterThan(30, count);
    }

    [TestMethod]
    [DataRow("inspect")]
    [DataRow("compress", "-o", "out")]
    [DataRow("evaluate", "--data", "d.npy", "--engine", "modelopt")]
    [DataRow("evaluate", "--data", "d.npy", "--engine", "interpreter")]
    [DataRow("evaluate", "--data", "d.npy", "--engine", "onnxruntime")]
    [DataRow("bench")]
    public void A_model_that_cannot_be_read_ends_with_1_and_one_diagnostic(string command, params string[] rest)
    {
        using var folder = new TempFolder();
        CliResult absent = CliTesting.Run([command, folder["absent.onnx"], .. rest]);
        Assert.AreEqual(1, absent.ExitCode);
        StringAssert.StartsWith(absent.Error, $"{folder["absent.onnx"]} : error MOPT1001: ");
        Assert.AreEqual(1, absent.Error.Count(c => c == '\n'));

        CliResult damaged = CliTesting.Run([command, folder.Write("damaged.onnx", [1, 2, 3, 4]), .. rest]);
        Assert.AreEqual(1, damaged.ExitCode);
        StringAssert.StartsWith(damaged.Error, $"{folder["damaged.onnx"]} : error MOPT");
    }

    [TestMethod]
    public void A_file_of_another_kind_is_named()
    {
        using var folder = new TempFolder();
        string onnx = folder.WriteBrightest(), renamed = folder.Write("renamed.tflite", File.ReadAllBytes(onnx));
        Says("MOPT7012: bench measures a TFLite model, and this file is an ONNX model.", "bench", onnx);
        Says("MOPT7012: bench measures a TFLite model, and this file is a NumPy array.", "bench", folder.WriteImages());
        Says("MOPT7012: a file named .tflite holds a TFLite model, and this file is an ONNX model.", "inspect", renamed);
        Says("MOPT7012: a file named .tflite holds", "evaluate", renamed, "--data", folder.WriteImages());
        Says("MOPT1002: the file is not an ONNX model: it is a NumPy array.", "inspect", folder.WriteImages());
        string page = folder.Write("page.onnx", "<html>"u8.ToArray());
        Says("MOPT1002: the file is not an ONNX model: it is text.", "compress", page, "-o", folder["out"]);

        static void Says(string message, params string[] arguments)
        {
            CliResult result = CliTesting.Run(arguments);
            Assert.AreEqual(1, result.ExitCode);
            StringAssert.Contains(result.Error, message);
        }
    }

    [TestMethod]
    [DataRow("inspect")]
    [DataRow("evaluate", "--data", "d.npy")]
    [DataRow("bench")]
    public void A_damaged_tflite_model_ends_with_1_and_one_diagnostic(string command, params string[] rest)
    {
        using var folder = new TempFolder();
        foreach (byte[] content in (byte[][])[[], [1, 2, 3], [.. "\u001C\0\0\0TFL3"u8], new byte[200]])
        {
            CliResult result = CliTesting.Run([command, folder.Write("damaged.tflite", content), .. rest]);
            Assert.AreEqual(1, result.ExitCode);
            StringAssert.StartsWith(result.Error, $"{folder["damaged.tflite"]} : error MOPT7001: ");
        }
    }
}
