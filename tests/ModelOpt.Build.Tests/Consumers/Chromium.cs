using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>A page in Debian's chromium, driven by its debugging protocol.</summary>
internal sealed class Chromium : IDisposable
{
    private const string Path = "/usr/bin/chromium";

    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly string _profile = Directory.CreateTempSubdirectory("modelopt-chromium-").FullName;
    private int _last;

    private Chromium(string address)
    {
        _process = Process.Start(new ProcessStartInfo(Path,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", $"--user-data-dir={_profile}", address,
        ]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Whether the machine has it.</summary>
    public static bool IsInstalled => File.Exists(Path);

    /// <summary>Opens a page.</summary>
    public static async Task<Chromium> OpenAsync(string address)
    {
        var page = new Chromium(address);
        string portFile = System.IO.Path.Combine(page._profile, "DevToolsActivePort");
        await WaitAsync(() => Task.FromResult(File.Exists(portFile) && File.ReadAllLines(portFile).Length == 2), "chromium to start");
        string port = File.ReadAllLines(portFile)[0];
        using var http = new HttpClient();
        string? target = null;
        await WaitAsync(async () =>
        {
            JsonNode targets = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json")))!;
            target = (string?)targets.AsArray().FirstOrDefault(t => (string?)t!["type"] == "page")?["webSocketDebuggerUrl"];
            return target is not null;
        }, "a page");
        await page._socket.ConnectAsync(new Uri(target!), CancellationToken.None);
        return page;
    }

    /// <summary>Waits until an expression of the page is true.</summary>
    public Task WaitForAsync(string expression) =>
        WaitAsync(async () => (bool?)await EvaluateAsync($"!!({expression})") == true, $"{expression} in the page");

    /// <summary>The value of an expression of the page.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonNode answer = await SendAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true });
        return answer["result"]!["value"];
    }

    /// <summary>Chooses a file in an input of the page, as a drop on it does.</summary>
    public async Task ChooseAsync(string selector, string file)
    {
        JsonNode document = await SendAsync("DOM.getDocument", []);
        JsonNode node = await SendAsync(
            "DOM.querySelector", new JsonObject { ["nodeId"] = (int)document["root"]!["nodeId"]!, ["selector"] = selector });
        await SendAsync("DOM.setFileInputFiles", new JsonObject { ["nodeId"] = (int)node["nodeId"]!, ["files"] = new JsonArray(file) });
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private static async Task WaitAsync(Func<Task<bool>> isDone, string what)
    {
        for (long start = Stopwatch.GetTimestamp(); !await isDone(); await Task.Delay(50))
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromMinutes(2)) throw new TimeoutException($"waited for {what}");
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        int id = ++_last;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, CancellationToken.None);
        byte[] part = new byte[1 << 16];
        while (true)
        {
            using MemoryStream text = new();
            WebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(part, CancellationToken.None);
                text.Write(part, 0, received.Count);
            }
            while (!received.EndOfMessage);
            JsonNode answer = JsonNode.Parse(text.ToArray())!;
            if ((int?)answer["id"] != id) continue;
            return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]}");
        }
    }
}
