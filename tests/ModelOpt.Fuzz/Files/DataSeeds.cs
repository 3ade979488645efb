using System.IO.Compression;
using System.Text;

namespace ModelOpt.Fuzz.Files;

/// <summary>Small data files and recipes as they should be.</summary>
internal static class DataSeeds
{
    private static readonly string[] Recipes =
    [
        """
        { "quantization": "Int8", "calibrationMethod": "MinMax",
          "layers": [ { "match": "conv*", "sparsity": 0.5, "sparsityPattern": "1x4" } ] }
        """,
        """
        { "clusters": 16, "sparsity": 0.75, "fineTune": "Distill", "epochs": 3,
          "layers": [ { "match": "*", "quantization": "None" }, { "match": "fc?", "clusters": 8 } ] }
        """,
    ];

    /// <summary>A file of a kind.</summary>
    public static byte[] Make(Random random, FileKind kind) => kind switch
    {
        FileKind.Npy => Npy(random),
        FileKind.Npz => Npz(random),
        FileKind.Idx => Idx(random),
        FileKind.Png => Png(random),
        _ => Encoding.UTF8.GetBytes(Recipes[random.Next(Recipes.Length)]),
    };

    private static byte[] Npy(Random random)
    {
        (string type, int size)[] types = [("|u1", 1), ("<f4", 4), (">i2", 2), ("<i8", 8), ("<f2", 2), (">f8", 8), ("|b1", 1)];
        (string type, int bytes) = types[random.Next(types.Length)];
        int[] shape = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 5))];
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Join(", ", shape)},), }}";
        byte[] data = new byte[bytes * shape.Aggregate(1, (a, b) => a * b)];
        random.NextBytes(data);
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. data];
    }

    private static byte[] Npz(Random random)
    {
        var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (int i = 0; i < random.Next(1, 3); i++)
            {
                using Stream entry =
                    archive.CreateEntry($"a{i}.npy",
                        random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest).Open();
                entry.Write(random.Next(3) == 0 ? ByteMutator.Mutate(random, Npy(random), text: true) : Npy(random));
            }
        }

        return file.ToArray();
    }

    private static byte[] Idx(Random random)
    {
        byte[] codes = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E];
        int[] shape = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, 6))];
        byte[] data = new byte[8 * shape.Aggregate(1, (a, b) => a * b)];
        random.NextBytes(data);
        byte[] plain =
            [0, 0, codes[random.Next(codes.Length)], (byte)shape.Length, .. shape.SelectMany(size => new byte[] { 0, 0, 0, (byte)size }),
                .. data];
        if (random.Next(2) == 0) plain = ByteMutator.Mutate(random, plain);
        if (random.Next(2) == 0) return plain;
        var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(plain);
        return file.ToArray();
    }

    private static byte[] Png(Random random)
    {
        (int type, int channels)[] types = [(0, 1), (2, 3), (3, 1), (4, 2), (6, 4)];
        (int type, int channels) = types[random.Next(types.Length)];
        int width = random.Next(1, 9), height = random.Next(1, 9), depth = random.Next(3) == 0 && type != 3 ? 16 : 8;
        byte[] rows = new byte[height * (1 + (width * channels * depth / 8))];
        random.NextBytes(rows);
        for (int y = 0; y < height; y++) rows[y * (rows.Length / height)] = (byte)random.Next(random.Next(20) == 0 ? 256 : 5);
        if (random.Next(8) == 0) rows = ByteMutator.Mutate(random, rows);
        var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(rows);
        byte[] header = [0, 0, 0, (byte)width, 0, 0, 0, (byte)height, (byte)depth, (byte)type, 0, 0, (byte)(random.Next(4) == 0 ? 1 : 0)];
        if (random.Next(6) == 0) header = ByteMutator.Mutate(random, header);
        byte[] palette = new byte[3 * random.Next(1, 257)];
        return
        [
            0x89, .. "PNG"u8, 13, 10, 26, 10, .. Chunk("IHDR", header), .. type == 3 ? Chunk("PLTE", palette) : [],
            .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", []),
        ];
    }

    // With its checksum, so that damage gets past it.
    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content];
        uint crc = uint.MaxValue;
        foreach (byte b in body)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }

        return [.. BigEndian((uint)content.Length), .. body, .. BigEndian(~crc)];
    }

    private static byte[] BigEndian(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
