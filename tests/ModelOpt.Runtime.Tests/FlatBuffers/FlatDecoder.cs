using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.FlatBuffers;

namespace ModelOpt.Runtime.Tests.FlatBuffers;

/// <summary>
/// Verifies and decodes FlatBuffers with Google's library, independently of our own reader; where flatc is installed, that must
/// decode the same.
/// </summary>
internal sealed class FlatDecoder
{
    private readonly FlatSchema _schema;
    private readonly ByteBuffer _buffer;

    private FlatDecoder(FlatSchema schema, byte[] file) => (_schema, _buffer) = (schema, new ByteBuffer(file));

    /// <summary>A .tflite file as JSON, defaults written out. Fails the test where the file is not one.</summary>
    public static JsonElement Tflite(byte[] file)
    {
        var decoder = new FlatDecoder(FlatSchema.Tflite, file);
        var options = new Options(maxDepth: 16, maxTables: 1_000_000, stringEndCheck: true, alignmentCheck: true);
        bool valid = new Verifier(decoder._buffer, options).VerifyBuffer(
            decoder._schema.Identifier, sizePrefixed: false, (verifier, at) => decoder.Verify(decoder._schema.Root, verifier, at));
        Assert.IsTrue(valid, "Google.FlatBuffers refuses the file.");
        JsonElement json = JsonSerializer.SerializeToElement(
            decoder.Read(decoder._schema.Root, decoder._buffer.GetInt(decoder._buffer.Position) + decoder._buffer.Position));
        Flatc.AssertDecodes(file, json);
        return json;
    }

    private static short Place(FlatSchema.Field field) => (short)(4 + (2 * field.Id));

    private bool Verify(string table, Verifier verifier, uint at) =>
        verifier.VerifyTableStart(at)
        && Array.TrueForAll(_schema.FieldsOf(table), field => Verify(field, verifier, at))
        && verifier.VerifyTableEnd(at);

    private bool Verify(FlatSchema.Field field, Verifier verifier, uint at)
    {
        short place = Place(field);
        if (_schema.IsScalar(field))
        {
            int size = _schema.SizeOf(field.Type);
            return field.IsVector ? verifier.VerifyVectorOfData(at, place, (ulong)size, required: false)
                : verifier.VerifyField(at, place, (ulong)size, (ulong)size, required: false);
        }

        if (field.Type == "string") return verifier.VerifyString(at, place, required: false);
        if (_schema.IsUnionValue(field))
        {
            // Not VerifyUnion, which takes the type from another place than the library's own accessors do.
            int type = new Table((int)at, _buffer).__offset(place - 2);
            return type == 0 || _buffer.Get((int)at + type) == 0
                || verifier.VerifyTable(at, place, (v, table) => Verify(NameOf(field.Type, _buffer.Get((int)at + type)), v, table), true);
        }

        return field.IsVector ? verifier.VerifyVectorOfTables(at, place, (v, table) => Verify(field.Type, v, table), false)
            : verifier.VerifyTable(at, place, (v, table) => Verify(field.Type, v, table), false);
    }

    private JsonObject Read(string name, int at)
    {
        var table = new Table(at, _buffer);
        var result = new JsonObject();
        foreach (FlatSchema.Field field in _schema.FieldsOf(name).Where(field => !field.IsDeprecated))
        {
            int offset = table.__offset(Place(field));
            if (offset != 0) result[field.Name] = field.IsVector ? Vector(field, table, offset) : Value(field, result, table, at + offset);
            else if (_schema.IsScalar(field) && !field.IsVector) result[field.Name] = Default(field);
        }

        return result;
    }

    private JsonArray Vector(FlatSchema.Field field, Table table, int offset)
    {
        int start = table.__vector(offset);
        return [.. Enumerable.Range(0, table.__vector_len(offset)).Select(i => _schema.IsTable(field.Type)
            ? Read(field.Type, table.__indirect(start + (4 * i)))
            : (JsonNode)Scalar(field.Type, start + (_schema.SizeOf(field.Type) * i)))];
    }

    private JsonNode Value(FlatSchema.Field field, JsonObject before, Table table, int at) =>
        _schema.IsScalar(field) ? Scalar(field.Type, at)
        : field.Type == "string" ? JsonValue.Create(table.__string(at))
        : Read(_schema.IsTable(field.Type) ? field.Type : before[$"{field.Name}_type"]!.GetValue<string>(), table.__indirect(at));

    private JsonValue Scalar(string type, int at) => (_schema.EnumOf(type)?.Base ?? type) switch
    {
        "bool" => JsonValue.Create(_buffer.Get(at) != 0),
        "float" => JsonValue.Create(_buffer.GetFloat(at)),
        "byte" => Named(type, _buffer.GetSbyte(at)),
        "ubyte" => Named(type, _buffer.Get(at)),
        "uint" => Named(type, _buffer.GetUint(at)),
        "long" => Named(type, _buffer.GetLong(at)),
        _ => Named(type, _buffer.GetInt(at)),
    };

    private JsonValue Default(FlatSchema.Field field) =>
        field.Type == "bool" ? JsonValue.Create(field.Default == "true")
        : field.Type == "float" ? JsonValue.Create(float.Parse(field.Default, CultureInfo.InvariantCulture))
        : Named(field.Type, long.Parse(field.Default, CultureInfo.InvariantCulture));

    private JsonValue Named(string type, long value) =>
        _schema.EnumOf(type) is null ? JsonValue.Create(value) : JsonValue.Create(NameOf(type, value));

    private string NameOf(string type, long value) => _schema.EnumOf(type)!.Names.TryGetValue(value, out string? name) ? name
        : throw new AssertFailedException($"The schema has no {type} {value}.");
}
