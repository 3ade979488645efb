using System.Security.Cryptography;
using System.Text;

namespace ModelOpt.Compiler.Caching;

/// <summary>
/// A folder with results of compilations, each a file with the name of its key. Several processes, on several machines, may use one folder:
/// files appear whole, and a damaged one counts as missing. A folder that cannot be used is an empty one.
/// </summary>
/// <param name="folder">The folder; it is made when something is stored.</param>
/// <param name="limit">How many bytes its files may have together. What was not used for longest goes first.</param>
internal sealed class ArtifactCache(string folder, long limit)
{
    /// <summary>How files end that are entries.</summary>
    public const string Extension = ".modelopt";

    private const string Unfinished = ".unfinished";
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    /// <summary>Finds what was stored under a key.</summary>
    /// <param name="key">The key, of letters and digits.</param>
    /// <returns>The parts by their names; null if there is no entry, or none that is whole.</returns>
    public IReadOnlyDictionary<string, byte[]>? Find(string key)
    {
        string path = PathOf(key);
        try
        {
            if (!File.Exists(path)) return null;
            byte[] entry = File.ReadAllBytes(path);
            if (entry.Length < SHA256.HashSizeInBytes
                || !SHA256.HashData(entry.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(entry.AsSpan(0, SHA256.HashSizeInBytes)))
                return null;
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return Read(entry);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            return null;
        }
    }

    /// <summary>Stores a result and makes room for it.</summary>
    /// <param name="key">The key, of letters and digits.</param>
    /// <param name="parts">The parts by their names.</param>
    /// <returns>Whether it was stored: not if the folder cannot be written, or if the result alone is over the limit.</returns>
    public bool Store(string key, IReadOnlyDictionary<string, byte[]> parts)
    {
        if (parts.Values.Sum(part => part.LongLength) > limit) return false;
        string unfinished = $"{PathOf(key)}.{Guid.NewGuid():n}{Unfinished}";
        try
        {
            Directory.CreateDirectory(folder);
            using (FileStream file = File.Create(unfinished)) Write(file, parts);
            File.Move(unfinished, PathOf(key), overwrite: true);
            Trim();
            return true;
        }
        catch (Exception e) when (IsUnusable(e))
        {
            Delete(unfinished);
            return false;
        }
    }

    private string PathOf(string key) => Path.Combine(folder, key + Extension);

    private void Trim()
    {
        var files = new DirectoryInfo(folder);
        foreach (FileInfo file in files.EnumerateFiles("*" + Unfinished))
            if (DateTime.UtcNow - file.LastWriteTimeUtc > Abandoned) Delete(file.FullName);
        long total = 0;
        foreach (FileInfo entry in files.EnumerateFiles("*" + Extension).OrderByDescending(f => f.LastWriteTimeUtc))
            if ((total += entry.Length) > limit) Delete(entry.FullName);
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (IsUnusable(e))
        {
            // Another process reads it, or deleted it just now.
        }
    }

    // The hash of what follows, then the parts.
    private static void Write(FileStream file, IReadOnlyDictionary<string, byte[]> parts)
    {
        using var hash = SHA256.Create();
        file.Write(new byte[SHA256.HashSizeInBytes]);
        using (var hashed = new CryptoStream(file, hash, CryptoStreamMode.Write, leaveOpen: true))
        using (var writer = new BinaryWriter(hashed, Encoding.UTF8))
        {
            writer.Write(parts.Count);
            foreach ((string name, byte[] part) in parts.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                writer.Write(name);
                writer.Write(part.Length);
                writer.Write(part);
            }
        }

        file.Position = 0;
        file.Write(hash.Hash!);
    }

    private static Dictionary<string, byte[]> Read(byte[] entry)
    {
        using var reader = new BinaryReader(
            new MemoryStream(entry, SHA256.HashSizeInBytes, entry.Length - SHA256.HashSizeInBytes), Encoding.UTF8);
        var parts = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (int count = reader.ReadInt32(); count > 0; count--)
        {
            string name = reader.ReadString();
            parts[name] = reader.ReadBytes(reader.ReadInt32());
        }

        return parts;
    }

    private static bool IsUnusable(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;
}
