//! The document as bytes: streams as they are, every other object in compressed streams, and a compressed table of where
//! each lies (ISO 32000-1, 7.5.7 and 7.5.8).
//!
//! The library can pack as well; it writes each object three times over to learn its size, and leaves the table, a twentieth of
//! the document, uncompressed.

use std::fmt::Write as _;

use flate2::{Compress, Compression, FlushCompress, Status};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

use super::structure::Outline;

/// Beyond this, deflating costs time and gains nothing.
const LEVEL: Compression = Compression::new(6);

/// Compresses streams, one after the other: its tables are 300 kB to make, as much work as compressing a small stream.
struct Deflater(Compress);

impl Deflater {
    fn new() -> Self {
        Self(Compress::new(LEVEL, true))
    }

    fn deflate(&mut self, stream: &mut Stream) -> std::io::Result<()> {
        self.0.reset();
        let mut packed = Vec::with_capacity(stream.content.len() / 2 + 64);
        loop {
            let done = usize::try_from(self.0.total_in()).unwrap_or(usize::MAX);
            let rest = stream.content.get(done..).unwrap_or_default();
            match self
                .0
                .compress_vec(rest, &mut packed, FlushCompress::Finish)?
            {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError => packed.reserve(stream.content.len() / 2 + 64),
            }
        }
        stream
            .dict
            .set("Filter", Object::Name(b"FlateDecode".to_vec()));
        // Sets the length as well.
        stream.set_content(packed);
        Ok(())
    }
}

/// Most objects of one compressed stream: their number has two bytes, and a reader unpacks all of a stream to have one of them.
/// An application has some thousand, a table of 10,000 rows more than a hundred thousand.
const MOST_IN_CONTAINER: usize = 20_000;

/// Objects for one compressed stream: where each begins, and the objects.
#[derive(Default)]
struct Container {
    head: String,
    body: Vec<u8>,
    count: u16,
}

/// Where an object lies, as the table says it: kind, place, and place within.
struct Entry(u8, u32, u16);

/// The bytes of a document with its outline, everything compressed.
pub(super) fn pack(mut file: Document, outline: &Outline) -> std::io::Result<Vec<u8>> {
    let mut deflater = Deflater::new();
    for object in file.objects.values_mut() {
        if let Object::Stream(stream) = object {
            deflater.deflate(stream)?;
        }
    }

    let whole = |object: &&Object| !matches!(object, Object::Stream(_));
    let packed = outline.ends.len() + file.objects.values().filter(whole).count();
    let first_container = file.max_id + 1;
    let containers = packed.div_ceil(MOST_IN_CONTAINER).max(1);
    // A document of four billion objects does not fit into memory.
    let table = first_container.saturating_add(u32::try_from(containers).unwrap_or(u32::MAX));
    let mut entries: Vec<Entry> = Vec::new();
    entries.resize_with(1, || Entry(0, 0, u16::MAX));
    entries.resize_with(place(table) + 1, || Entry(0, 0, 0));

    let mut bytes = Vec::with_capacity(96 * 1024);
    // Four bytes above 127 say that the file is no text.
    bytes.extend_from_slice(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n");
    let mut filled: Vec<Container> = Vec::with_capacity(containers);
    filled.resize_with(containers, Container::default);
    let mut at = 0;
    let mut pack = |number: u32, entries: &mut [Entry], object: &dyn Fn(&mut Vec<u8>)| {
        let within = at / MOST_IN_CONTAINER;
        at += 1;
        // There are as many as the objects need, which were counted.
        let (Some(one), Ok(of)) = (filled.get_mut(within), u32::try_from(within)) else {
            return;
        };
        entries[place(number)] = Entry(2, first_container + of, one.count);
        one.count = one.count.saturating_add(1);
        let _infallible = write!(one.head, "{number} {} ", one.body.len());
        object(&mut one.body);
    };
    let mut start = 0;
    for (number, &end) in (outline.first..).zip(&outline.ends) {
        let text = outline.text.get(start..end).unwrap_or_default();
        pack(number, &mut entries, &|body| {
            body.extend_from_slice(text.as_bytes());
        });
        start = end;
    }
    for (&(number, _), object) in &file.objects {
        if let Object::Stream(stream) = object {
            entries[place(number)] = Entry(1, offset(&bytes), 0);
            put_stream(&mut bytes, (number, 0), stream);
        } else {
            pack(number, &mut entries, &|body| {
                put(body, object);
                body.push(b'\n');
            });
        }
    }
    for (number, one) in (first_container..).zip(filled) {
        let first = one.head.len();
        let mut objects = Stream::new(
            dictionary! {
                "Type" => "ObjStm",
                "N" => i64::from(one.count),
                "First" => i64::try_from(first).unwrap_or(i64::MAX),
            },
            [one.head.into_bytes(), one.body].concat(),
        );
        deflater.deflate(&mut objects)?;
        entries[place(number)] = Entry(1, offset(&bytes), 0);
        put_stream(&mut bytes, (number, 0), &objects);
    }

    let start = offset(&bytes);
    entries[place(table)] = Entry(1, start, 0);
    let mut fields: Dictionary = file.trailer;
    fields.set("Type", Object::Name(b"XRef".to_vec()));
    fields.set("Size", i64::from(table) + 1);
    fields.set("W", vec![1.into(), 4.into(), 2.into()]);
    let mut content = Vec::with_capacity(entries.len() * 7);
    for Entry(kind, at, within) in entries {
        content.push(kind);
        content.extend(at.to_be_bytes());
        content.extend(within.to_be_bytes());
    }
    let mut index = Stream::new(fields, content);
    deflater.deflate(&mut index)?;
    put_stream(&mut bytes, (table, 0), &index);
    bytes.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
    Ok(bytes)
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn offset(bytes: &[u8]) -> u32 {
    // A document of 4 GB does not fit into an application.
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn put_stream(bytes: &mut Vec<u8>, (number, generation): ObjectId, stream: &Stream) {
    bytes.extend_from_slice(format!("{number} {generation} obj\n").as_bytes());
    put_dictionary(bytes, &stream.dict);
    bytes.extend_from_slice(b"stream\n");
    bytes.extend_from_slice(&stream.content);
    bytes.extend_from_slice(b"\nendstream\nendobj\n");
}

/// An object as the format writes it (ISO 32000-1, 7.3).
fn put(bytes: &mut Vec<u8>, object: &Object) {
    match object {
        // A stream is an object of its own and stands nowhere else.
        Object::Null | Object::Stream(_) => bytes.extend_from_slice(b"null"),
        Object::Boolean(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
        Object::Integer(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
        Object::Real(value) => bytes.extend_from_slice(value.to_string().as_bytes()),
        Object::Reference((number, generation)) => {
            bytes.extend_from_slice(format!("{number} {generation} R").as_bytes());
        }
        Object::Name(name) => put_name(bytes, name),
        Object::String(text, _) => {
            bytes.push(b'<');
            bytes.extend_from_slice(hex::encode(text).as_bytes());
            bytes.push(b'>');
        }
        Object::Array(items) => {
            bytes.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    bytes.push(b' ');
                }
                put(bytes, item);
            }
            bytes.push(b']');
        }
        Object::Dictionary(dictionary) => put_dictionary(bytes, dictionary),
    }
}

fn put_dictionary(bytes: &mut Vec<u8>, dictionary: &Dictionary) {
    bytes.extend_from_slice(b"<<");
    for (key, value) in dictionary {
        put_name(bytes, key);
        bytes.push(b' ');
        put(bytes, value);
    }
    bytes.extend_from_slice(b">>");
}

fn put_name(bytes: &mut Vec<u8>, name: &[u8]) {
    bytes.push(b'/');
    for &byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(&byte) {
            bytes.push(byte);
        } else {
            bytes.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}
