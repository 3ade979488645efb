using ModelOpt.Runtime;
using ModelOptConsole;

// Grey pixels, 28 by 28, as the network was trained on: two legs below a belt. Put those of a picture here.
byte[] pixels = new byte[28 * 28];
for (int y = 2; y < 26; y++)
{
    for (int x = 9; x < 19; x++)
        pixels[(28 * y) + x] = y < 6 || x is < 13 or > 14 ? (byte)200 : (byte)0;
}

using var model = new Fashion();
using Fashion.Output result = model.Run(pixels);
foreach (Prediction guess in result.Top(3))
    Console.WriteLine($"{guess.Label,-12} {100 * guess.Score:0.0} %");
