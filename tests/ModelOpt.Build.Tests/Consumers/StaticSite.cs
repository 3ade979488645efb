using System.Net;

namespace ModelOpt.Build.Tests.Consumers;

/// <summary>Serves the files of a folder on this machine.</summary>
internal sealed class StaticSite : IDisposable
{
    private readonly HttpListener _listener;
    private readonly string _folder;

    public StaticSite(string folder)
    {
        _folder = folder;
        (_listener, Address) = Listen();
        _ = ServeAsync();
    }

    /// <summary>The address of the folder, ending in a slash.</summary>
    public string Address { get; }

    public void Dispose() => _listener.Close();

    private static (HttpListener Listener, string Address) Listen()
    {
        for (int port = 18_600; ; port++)
        {
            var listener = new HttpListener();
            string address = $"http://127.0.0.1:{port}/";
            listener.Prefixes.Add(address);
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (port < 18_700)
            {
                // Another test has it.
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            string path = Path.GetFullPath(Path.Combine(_folder, context.Request.Url!.AbsolutePath.TrimStart('/')));
            if (Directory.Exists(path)) path = Path.Combine(path, "index.html");
            using HttpListenerResponse response = context.Response;
            if (!path.StartsWith(_folder, StringComparison.Ordinal) || !File.Exists(path))
            {
                response.StatusCode = 404;
                continue;
            }

            byte[] bytes = await File.ReadAllBytesAsync(path);
            response.ContentType = Path.GetExtension(path) switch
            {
                ".html" => "text/html",
                ".js" => "text/javascript",
                ".json" => "application/json",
                ".wasm" => "application/wasm",
                _ => "application/octet-stream",
            };
            response.ContentLength64 = bytes.Length;
            await response.OutputStream.WriteAsync(bytes);
        }
    }
}
