using Detect;

Console.OutputEncoding = System.Text.Encoding.UTF8;

string data = Path.Combine(AppContext.BaseDirectory, "data");
string file = args.Length > 0 ? args[0] : Path.Combine(data, "photo.png");
string result = args.Length > 1 ? args[1] : "detected.png";
string[] names = File.ReadAllLines(Path.Combine(data, "coco.txt"));

var photo = Photo.Read(file);
using var detector = new Detector();
foreach (Detection found in detector.Find(photo))
{
    (float left, float top, float right, float bottom) = found.Box;
    Console.WriteLine(FormattableString.Invariant(
        $"{names[found.Class],-14} {found.Score:0.00}  {left:0}, {top:0} – {right:0}, {bottom:0}"));
    photo.Draw(found.Box, Palette.ColorOf(found.Class));
}

photo.Write(result);
Console.WriteLine(result);
