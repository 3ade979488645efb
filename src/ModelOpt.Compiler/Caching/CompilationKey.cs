using System.Security.Cryptography;
using System.Text;
using ModelOpt.Compiler.Compile;
using ModelOpt.Compiler.Data;
using ModelOpt.Compiler.Diagnostics;
using ModelOpt.Compiler.Options;

namespace ModelOpt.Compiler.Caching;

/// <summary>Tells compilations with the same result, by the content of what they read: neither paths nor times count.</summary>
internal static class CompilationKey
{
    /// <summary>Hashes the compiler, the model with the tensors beside it, the options, and the files that they name.</summary>
    /// <param name="modelFile">The model. Of its path, the name counts: the report has it.</param>
    /// <param name="storedBy">The version of the module that makes what is stored out of the result.</param>
    /// <returns>64 hexadecimal digits.</returns>
    /// <exception cref="CompilationException">A file cannot be read, or the model is none.</exception>
    public static string Of(string modelFile, CompileOptions options, Guid storedBy, CancellationToken cancellation)
    {
        using var hash = SHA256.Create();
        using (var bytes = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        using (var text = new BinaryWriter(bytes, Encoding.UTF8))
        {
            // Builds are deterministic: the module of the same sources has the same version. The framework packs bytes.
            text.Write(typeof(CompilationKey).Module.ModuleVersionId.ToByteArray());
            text.Write(typeof(Runtime.TfliteModel).Module.ModuleVersionId.ToByteArray());
            text.Write(storedBy.ToByteArray());
            text.Write(Environment.Version.ToString());

            text.Write(Path.GetFileNameWithoutExtension(modelFile));
            Append(text, [modelFile, .. ModelReader.FilesBeside(modelFile)], cancellation);
            foreach (OptionDescription option in OptionCatalog.All)
            {
                if (option.Of(options) is not { } value) continue;
                IReadOnlyList<string> paths = option.Values.Paths(value);
                text.Write(option.Name);
                text.Write(paths.Count > 0 ? "" : option.Values.Format(value));
                Append(text, paths, cancellation);
            }
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    private static void Append(BinaryWriter hash, IReadOnlyList<string> paths, CancellationToken cancellation)
    {
        hash.Write(paths.Count);
        hash.Flush();
        foreach (string path in paths) DataFingerprint.Append(hash.BaseStream, path, cancellation);
    }
}
