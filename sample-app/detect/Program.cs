using Detect;

Console.OutputEncoding = System.Text.Encoding.UTF8;

string file = args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "data", "photo.png");
string result = args.Length > 1 ? args[1] : "detected.png";

var photo = Photo.Read(file);
using var detector = new Detector();
foreach (Detection found in detector.Find(photo))
{
    (float left, float top, float right, float bottom) = found.Box;
    Console.WriteLine(FormattableString.Invariant($"text  {found.Score:0.00}  {left:0}, {top:0} – {right:0}, {bottom:0}"));
    photo.Draw(found.Box, (230, 25, 75));
}

photo.Write(result);
Console.WriteLine(result);
