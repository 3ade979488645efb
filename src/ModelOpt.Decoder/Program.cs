using System.Buffers.Binary;
using System.Text;
using ModelOpt.Decoder;

// A request is two numbers, the most pixels that are wanted (0: only the size) and the length of the file, and the file itself. The
// answer is 1, width, height, whether it has colour, and the pixels; or 0, the length of a text, and why it cannot be decoded. The program
// ends with its input.
using Stream input = Console.OpenStandardInput(), output = Console.OpenStandardOutput();
byte[] header = new byte[8];
while (input.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length)
{
    int mostPixels = BinaryPrimitives.ReadInt32LittleEndian(header);
    byte[] file = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4))];
    input.ReadExactly(file);
    Picture picture = Picture.Decode(file, mostPixels);
    Write(picture.Refused is null ? 1 : 0);
    if (picture.Refused is { } reason)
    {
        byte[] text = Encoding.UTF8.GetBytes(reason);
        Write(text.Length);
        output.Write(text);
    }
    else
    {
        Write(picture.Width);
        Write(picture.Height);
        Write(picture.HasColor ? 1 : 0);
        output.Write(picture.Rgba);
    }

    output.Flush();
}

void Write(int number)
{
    Span<byte> bytes = stackalloc byte[4];
    BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
    output.Write(bytes);
}
