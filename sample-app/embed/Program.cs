using Embed;

Console.OutputEncoding = System.Text.Encoding.UTF8;

string data = Path.Combine(AppContext.BaseDirectory, "data");
string query = args.Length > 0 ? string.Join(' ', args) : "How do I make bread at home?";
string[] sentences = File.ReadAllLines(Path.Combine(data, "sentences.txt"));

using var encoder = new SentenceEncoder(Path.Combine(data, "vocab.txt"));
float[] wanted = encoder.Embed(query);
var found = sentences.Select(s => (Sentence: s, Similarity: SentenceEncoder.Similarity(wanted, encoder.Embed(s))))
    .OrderByDescending(f => f.Similarity).Take(3);

Console.WriteLine(query);
foreach ((string sentence, float similarity) in found)
    Console.WriteLine(FormattableString.Invariant($"{similarity,6:0.00}  {sentence}"));
