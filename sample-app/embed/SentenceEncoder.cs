using Microsoft.ML.Tokenizers;

namespace Embed;

/// <summary>Sentences as vectors of length 1: the closer the meanings, the smaller the angle.</summary>
internal sealed class SentenceEncoder : IDisposable
{
    private const int Tokens = MiniLM.InputIdsLength, Size = MiniLM.LastHiddenStateLength / Tokens;

    // The class was generated from all-MiniLM-L6-v2; see embed.csproj.
    private readonly MiniLM _model = new();
    private readonly BertTokenizer _tokenizer;
    private readonly long[] _ids = new long[Tokens];
    private readonly long[] _mask = new long[Tokens];

    /// <summary>Loads the model.</summary>
    /// <param name="vocabulary">The file with a token a line.</param>
    public SentenceEncoder(string vocabulary) => _tokenizer = BertTokenizer.Create(vocabulary);

    /// <summary>The cosine of the angle between two embeddings.</summary>
    public static float Similarity(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        float sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>The embedding of a sentence, of which the first 32 tokens count.</summary>
    public float[] Embed(string sentence)
    {
        int count = Tokenize(sentence);
        using MiniLM.Output output = _model.Run(_ids, _mask);

        // The mean of what the network says of the tokens, of length 1.
        float[] sum = new float[Size];
        for (int i = 0; i < count * Size; i++) sum[i % Size] += output.LastHiddenState[i];
        float length = MathF.Sqrt(Similarity(sum, sum));
        for (int i = 0; i < Size; i++) sum[i] /= length;
        return sum;
    }

    public void Dispose() => _model.Dispose();

    private int Tokenize(string sentence)
    {
        IReadOnlyList<int> tokens = _tokenizer.EncodeToIds(sentence);
        int count = Math.Min(tokens.Count, Tokens);
        Array.Clear(_ids);
        Array.Clear(_mask);
        for (int i = 0; i < count; i++) (_ids[i], _mask[i]) = (tokens[i], 1);
        _ids[count - 1] = tokens[^1];
        return count;
    }
}
