//! A page as PDF: A4, Helvetica of the reader's own, lines broken by its widths.

use pdf_writer::{Content, Date, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::page::Page;

const WIDTH_PT: f32 = 595.0;
const HEIGHT_PT: f32 = 842.0;
const MARGIN_PT: f32 = 56.0;
/// Distance of two lines, as a multiple of the size.
const LEADING: f32 = 1.35;
const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// Widths of Helvetica in thousandths of the size, from blank to tilde.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// A line as it is set.
struct SetLine {
    text: Vec<u8>,
    bold: bool,
    size: f32,
    indent: f32,
    /// Room before it.
    space: f32,
}

/// Sets a page; any number of sheets.
pub(super) fn pdf(page: &Page) -> Vec<u8> {
    let mut lines = Vec::new();
    add(&mut lines, &page.title, true, 16.0, 0.0, 0.0);
    for (name, value) in &page.facts {
        add(&mut lines, &format!("{name}: {value}"), false, 10.0, 0.0, 2.0);
    }
    for section in &page.sections {
        add(&mut lines, &section.heading, true, 12.0, 0.0, 12.0);
        for paragraph in section.remark.lines() {
            add(&mut lines, paragraph, false, 10.0, 0.0, 3.0);
        }
        for line in &section.lines {
            add(&mut lines, &format!("- {line}"), false, 10.0, 8.0, 3.0);
        }
        if !section.note.is_empty() {
            add(&mut lines, &format!("({})", section.note), false, 9.0, 0.0, 3.0);
        }
    }
    write(page, &sheets(lines))
}

/// Breaks a text into lines that fit.
fn add(lines: &mut Vec<SetLine>, text: &str, bold: bool, size: f32, indent: f32, space: f32) {
    let room = WIDTH_PT - 2.0 * MARGIN_PT - indent;
    let mut space = space;
    let mut current: Vec<u8> = Vec::new();
    let mut set = |text: Vec<u8>| {
        lines.push(SetLine { text, bold, size, indent, space });
        space = 0.0;
    };
    for word in text.split_whitespace() {
        let mut word = encoded(word);
        let joined =
            width(&current, bold, size) + width(b" ", bold, size) + width(&word, bold, size);
        if !current.is_empty() && joined > room {
            set(std::mem::take(&mut current));
        }
        // A word wider than the sheet is broken.
        while width(&word, bold, size) > room {
            let fits = (1..word.len()).rev().find(|end| width(&word[..*end], bold, size) <= room);
            let rest = word.split_off(fits.unwrap_or(1));
            set(std::mem::replace(&mut word, rest));
        }
        if !current.is_empty() {
            current.push(b' ');
        }
        current.extend(word);
    }
    if !current.is_empty() {
        set(current);
    }
}

/// Spreads lines over sheets; a heading stays with what follows.
fn sheets(lines: Vec<SetLine>) -> Vec<Vec<SetLine>> {
    let room = HEIGHT_PT - 2.0 * MARGIN_PT - 20.0;
    let mut sheets: Vec<Vec<SetLine>> = vec![Vec::new()];
    let mut used = 0.0;
    for line in lines {
        let height = line.space + line.size * LEADING;
        let heading = line.bold && line.size < 16.0;
        let needed = if heading { height + 3.0 * 10.0 * LEADING } else { height };
        if used + needed > room {
            sheets.push(Vec::new());
            used = 0.0;
        }
        used += height;
        sheets.last_mut().expect("there is a sheet").push(line);
    }
    sheets
}

fn write(page: &Page, sheets: &[Vec<SetLine>]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree, regular, bold, info) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let ids = |sheet: usize| (Ref::new(10 + 2 * sheet as i32), Ref::new(11 + 2 * sheet as i32));
    pdf.catalog(catalog).pages(tree).lang(TextStr(page.language));
    let kids = (0..sheets.len()).map(|sheet| ids(sheet).0);
    pdf.pages(tree).kids(kids).count(sheets.len() as i32);
    for (font, name) in [(regular, &b"Helvetica"[..]), (bold, &b"Helvetica-Bold"[..])] {
        let mut written = pdf.type1_font(font);
        written.base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
        written.finish();
    }
    let mut described = pdf.document_info(info);
    described.title(TextStr(&page.title)).producer(TextStr("Polder"));
    // A fixed date, so that the same sitrep gives the same bytes on every node.
    described.creation_date(Date::new(2000));
    described.finish();
    for (sheet, lines) in sheets.iter().enumerate() {
        let (id, content) = ids(sheet);
        let mut written = pdf.page(id);
        written.media_box(Rect::new(0.0, 0.0, WIDTH_PT, HEIGHT_PT)).parent(tree);
        written.contents(content);
        let mut resources = written.resources();
        resources.fonts().pair(REGULAR, regular).pair(BOLD, bold);
        resources.finish();
        written.finish();
        let footer = format!("{} - {}/{}", page.title, sheet + 1, sheets.len());
        pdf.stream(content, &drawn(lines, &footer));
    }
    pdf.finish()
}

fn drawn(lines: &[SetLine], footer: &str) -> Vec<u8> {
    let mut content = Content::new();
    let mut y = HEIGHT_PT - MARGIN_PT;
    for line in lines {
        y -= line.space + line.size * LEADING;
        let font = if line.bold { BOLD } else { REGULAR };
        content.begin_text();
        content.set_font(font, line.size);
        content.next_line(MARGIN_PT + line.indent, y);
        content.show(Str(&line.text));
        content.end_text();
    }
    content.begin_text();
    content.set_font(REGULAR, 8.0);
    content.next_line(MARGIN_PT, MARGIN_PT - 12.0);
    content.show(Str(&encoded(footer)));
    content.end_text();
    content.finish().into_vec()
}

/// In the encoding of the font; what it lacks becomes the nearest sign, or a question mark.
fn encoded(text: &str) -> Vec<u8> {
    let one = |c: char| match c {
        ' '..='~' => c as u8,
        '\u{a0}'..='\u{ff}' => c as u32 as u8,
        '€' => 128,
        '…' => 133,
        '‘' | '’' | '‚' => b'\'',
        '“' => 147,
        '”' => 148,
        '•' => 149,
        '–' => 150,
        '—' => 151,
        '→' => b'>',
        _ => b'?',
    };
    text.chars().map(one).collect()
}

/// Points that a text takes.
fn width(text: &[u8], bold: bool, size: f32) -> f32 {
    let one = |byte: &u8| {
        let at = usize::from(*byte).wrapping_sub(32);
        // Letters with accents are as wide as those without, nearly.
        f32::from(*WIDTHS.get(at).unwrap_or(&556))
    };
    let thousandths: f32 = text.iter().map(one).sum();
    // The bold face is wider by a little.
    let wider = if bold { 1.08 } else { 1.0 };
    thousandths * size * wider / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::team::page::Section;

    fn long() -> Page {
        let line =
            "Maasafvoer bij Sint Pieter 3.300 m3/s (rijkswaterstaat, geëvacueerd) ".repeat(4);
        let section = |heading: &str| Section {
            heading: heading.into(),
            remark: "x".repeat(400),
            lines: vec![line.clone(); 30],
            note: String::new(),
        };
        let sections = vec![section("Incident"), section("Bestrijding")];
        Page { language: "nl", title: "Sitrep 3.1 ROT".into(), facts: Vec::new(), sections }
    }

    #[test]
    fn a_long_page_goes_over_several_sheets_and_no_line_leaves_one() {
        let bytes = pdf(&long());
        assert!(bytes.starts_with(b"%PDF-") && bytes.ends_with(b"%%EOF"));
        let text = String::from_utf8_lossy(&bytes);
        let sheets = text.matches("/Type /Page\n").count();
        assert!(sheets >= 3, "{sheets}");
        assert!(text.contains(&format!("(Sitrep 3.1 ROT - 1/{sheets})")));
        let mut lines = Vec::new();
        add(&mut lines, &"a b ".repeat(500), false, 10.0, 8.0, 0.0);
        add(&mut lines, &"W".repeat(500), true, 12.0, 0.0, 0.0);
        for line in lines {
            let taken = width(&line.text, line.bold, line.size) + line.indent;
            assert!(taken <= WIDTH_PT - 2.0 * MARGIN_PT, "{taken}");
        }
        assert_eq!(bytes, pdf(&long()), "the same page gives the same bytes");
    }
}
