using Browser;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
builder.RootComponents.Add<App>("#app");

// One instance for all: it is thread-safe, and loading expands the model.
builder.Services.AddSingleton<Fashion>();
await builder.Build().RunAsync();
