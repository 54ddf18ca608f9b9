//! Addresses that a spreadsheet would take for a formula.
//!
//! Tables tell addresses as they are. Whoever opens them in a spreadsheet by a double click lets it work out
//! every cell that begins like a formula (the first characters are those of OWASP's "CSV Injection"); imported
//! as text they stay what they are.

use crate::scenario::assemble::Entries;
use crate::scenario::text::reader::Remark;

/// What makes a cell a formula, where it stands first.
const FORMULAS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Warns of addresses that stand in tables and would be worked out.
pub(crate) fn check(entries: &Entries<'_, '_>) {
    for draft in &entries.domains.list {
        let all = draft.named.iter().chain(&draft.unknown);
        // As it stands in a table, a local part that has to be quoted begins with a quotation mark.
        let mut worked_out = all.filter(|local| is_formula(local));
        let Some(first) = worked_out.next() else { continue };
        let others = worked_out.count();
        let remark = Remark::new(format!(
            "a spreadsheet that opens the tables would take {first}@{} for a formula{}",
            draft.name,
            match others {
                0 => String::new(),
                count => format!(", and {count} more addresses of this domain"),
            }
        ))
        .help("import the tables as text (`mailsim help results` says how), or spell it otherwise")
        .named("formula");
        match &draft.section {
            Some(section) if section.has("mailboxes") => section.warn_at("mailboxes", remark),
            Some(section) => section.warn_at("name", remark),
            None => entries.top.warn_at("mail", remark),
        }
    }
}

fn is_formula(cell: &str) -> bool {
    cell.starts_with(FORMULAS)
}

#[cfg(test)]
mod tests {
    use super::is_formula;

    #[test]
    fn formulas_are_told_by_their_first_character() {
        assert!(["=cmd", "+1", "-2", "@x", "\tx"].iter().all(|cell| is_formula(cell)));
        assert!(!["bob", "a=b", "\"=cmd\"", ""].iter().any(|cell| is_formula(cell)));
    }
}
