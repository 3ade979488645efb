using ModelOpt.Compiler.Emit.Storage;
using ModelOpt.Runtime.Storage;

namespace ModelOpt.Fuzz.Files;

/// <summary>Makes cases: each follows from seed and number alone.</summary>
internal sealed class CaseFactory
{
    private const int PackedSeeds = 12, MostBytes = 12_000;

    private static readonly (FileKind Kind, int Share)[] Shares =
    [
        (FileKind.Tflite, 64), (FileKind.Packed, 14), (FileKind.Onnx, 4), (FileKind.Source, 4), (FileKind.Npy, 4), (FileKind.Npz, 3),
        (FileKind.Idx, 3), (FileKind.Png, 2), (FileKind.Recipe, 2),
    ];

    private readonly int _seed;
    private readonly FileKind? _only;
    private readonly byte[]?[] _packed = new byte[PackedSeeds][];

    /// <param name="only">The one kind to make; null for all.</param>
    public CaseFactory(int seed, FileKind? only) => (_seed, _only) = (seed, only);

    /// <summary>Makes what takes long, once.</summary>
    public void Prepare()
    {
        for (int i = 0; i < PackedSeeds && _only is null or FileKind.Packed; i++) Packed(i);
    }

    /// <summary>A case.</summary>
    public FileCase Make(long index)
    {
        var random = new Random(unchecked((int)((index * 2654435761) ^ (_seed * 40503L) ^ (index >> 32))));
        FileKind kind = _only ?? Kind(random);
        return new FileCase(kind, kind switch
        {
            FileKind.Tflite or FileKind.Source => Tflite(random),
            FileKind.Packed => random.Next(8) == 0 ? Packed(random.Next(PackedSeeds))
                : PackedMutator.Mutate(random, Packed(random.Next(PackedSeeds))),
            FileKind.Onnx => OnnxMutator.Make(random),
            FileKind.Fault => [(byte)(index % 4)],
            _ => random.Next(8) == 0 ? DataSeeds.Make(random, kind)
                : ByteMutator.Mutate(random, DataSeeds.Make(random, kind), text: kind is FileKind.Npy or FileKind.Recipe),
        });
    }

    private static FileKind Kind(Random random)
    {
        int at = random.Next(Shares.Sum(s => s.Share));
        foreach ((FileKind kind, int share) in Shares)
        {
            if ((at -= share) < 0) return kind;
        }

        return FileKind.Tflite;
    }

    private static byte[] Tflite(Random random)
    {
        byte[] file = TfliteGenerator.Make(random);
        return random.Next(3) == 0 ? file : TfliteMutator.Mutate(random, file);
    }

    // Packing takes longer than all else, so there are few.
    private byte[] Packed(int number)
    {
        if (_packed[number] is { } known) return known;
        for (int i = 0; ; i++)
        {
            byte[] plain = TfliteGenerator.Make(new Random((number * 1000) + i));
            if (plain.Length > MostBytes) continue;
            byte[] file = ModelPacker.Pack(plain, default);
            if (PackedModel.IsPacked(file)) return _packed[number] = file;
        }
    }
}
