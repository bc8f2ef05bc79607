//! Snapshots of the three tables, and what spreadsheets must not be told.

use super::*;
use crate::diagnosis::lists::complaints::Action;
use crate::diagnosis::lists::moves::Reason;
use crate::report::docs;
use crate::report::sample::{Buffer, play_measured};

fn table(table: Table, options: CsvOptions) -> String {
    let out = Buffer::default();
    play_measured(&mut CsvSink::new(Box::new(out.clone()), table, options));
    out.text()
}

#[test]
fn the_sample_report_as_tables() {
    for (name, of) in [
        ("calls", Table::Calls),
        ("responses", Table::Responses),
        ("findings", Table::Findings),
        ("attestation", Table::Attestation),
        ("kpi", Table::Kpi),
    ] {
        insta::assert_snapshot!(name, table(of, CsvOptions::default()).replace("\r\n", "␍␊\n"));
    }
}

#[test]
fn every_row_has_every_column_and_no_cell_is_a_formula() {
    for of in [Table::Calls, Table::Responses, Table::Findings, Table::Attestation, Table::Kpi] {
        for delimiter in [b',', b';', b'\t'] {
            let text = table(of, CsvOptions { delimiter, ..CsvOptions::default() });
            let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
            for record in reader.records() {
                let record = record.unwrap();
                assert!(record.iter().all(|cell| !cell.starts_with(['=', '@', '\t', '\r'])), "{record:?}");
            }
        }
    }
}

#[test]
fn a_table_begins_with_its_mark_and_names_even_without_captures() {
    let out = Buffer::default();
    let options = CsvOptions { bom: true, delimiter: b';', ..CsvOptions::default() };
    CsvSink::new(Box::new(out.clone()), Table::Calls, options).finish(&Summary::default()).unwrap();
    assert!(out.text().starts_with("\u{feff}file;call;method;"), "{:?}", out.text());
    assert!(out.text().ends_with("\r\n"));
}

fn section<C>(title: &str, columns: &[Column<C>]) -> String {
    let rows: Vec<_> = columns.iter().map(|c| format!("| `{}` | {} |\n", c.name, c.meaning)).collect();
    format!("\n## {title}\n\n| column | meaning |\n| --- | --- |\n{}", rows.concat())
}

fn adopted(reason: Reason) -> &'static str {
    if reason.adopts() { "yes" } else { "no" }
}

#[test]
fn the_columns_are_documented() {
    let text = [
        include_str!("head.md").to_owned(),
        section("`-o calls.csv`: one row a call", calls::COLUMNS),
        section("`-o responses:responses.csv`: one row a distinct final response", responses::COLUMNS),
        section("`-o findings:findings.csv`: one row a finding", findings::COLUMNS),
        section(
            "`-o attestation:attestation.csv`: one row a final response and a level of attestation",
            attestation::COLUMNS,
        ),
        section("`-o kpi:kpi.csv`: one row for all calls, one a host, one an hour", kpi::COLUMNS),
        section("`-o moves:moves.csv`: one row an address that moved, and where to", moves::COLUMNS),
        include_str!("moves.md").to_owned(),
        Reason::ALL.map(|r| format!("| `{}` | {} | {} |\n", r.code(), adopted(r), r.text())).concat(),
        section("`-o complaints:complaints.csv`: one row a calling number", complaints::COLUMNS),
        include_str!("complaints.md").to_owned(),
        Action::ALL.map(|a| format!("| `{}` | {} |\n", a.code(), a.text())).concat(),
    ];
    docs::check("csv.md", &text.concat());
}
