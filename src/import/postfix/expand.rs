//! `$name` and its relatives in values of `main.cf` (postconf(5)).

/// Gives the value of a parameter by name; none: not set.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Circles such as `a = $b`, `b = $a` end here.
const DEEPEST: usize = 20;

/// Returns `value` with every `$name`, `${name}`, `$(name)`, `${name?text}`, `${name:text}`,
/// `${name?{text}:{text}}` and `${a == b ? {text} : {text}}` replaced. What is not set is empty, as
/// in Postfix.
pub(super) fn expand(value: &str, lookup: &Lookup<'_>) -> String {
    expand_at(value, lookup, 0)
}

fn expand_at(value: &str, lookup: &Lookup<'_>, depth: usize) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inner = ['{', '('].into_iter().find_map(|open| enclosed(rest, open));
        if let Some((inner, after)) = inner {
            if depth < DEEPEST {
                out.push_str(&braced(inner, lookup, depth + 1));
            }
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !is_name_part(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match name {
            "" => out.push('$'),
            _ => out.push_str(&value_of(name, lookup, depth + 1)),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn value_of(name: &str, lookup: &Lookup<'_>, depth: usize) -> String {
    match lookup(name) {
        Some(value) if depth < DEEPEST => expand_at(&value, lookup, depth),
        _ => String::new(),
    }
}

/// What stands between an opening mark and its counterpart, and what follows.
fn enclosed(text: &str, open: char) -> Option<(&str, &str)> {
    let close = if open == '{' { '}' } else { ')' };
    let inner = text.strip_prefix(open)?;
    let mut depth = 1;
    for (at, c) in inner.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some((&inner[..at], &inner[at + 1..]));
            }
        }
    }
    None
}

fn braced(inner: &str, lookup: &Lookup<'_>, depth: usize) -> String {
    let head_end = inner.find(['?', ':']).filter(|_| !inner.starts_with('{'));
    let (head, mark, texts) = match head_end {
        Some(at) => (inner[..at].trim(), inner.as_bytes()[at], &inner[at + 1..]),
        None => match comparison(inner, lookup, depth) {
            Some((holds, texts)) => return choose(texts, holds, lookup, depth),
            None => return value_of(inner.trim(), lookup, depth),
        },
    };
    let is_set = !value_of(head, lookup, depth).is_empty();
    match mark {
        b'?' => choose(texts, is_set, lookup, depth),
        _ if is_set => String::new(),
        _ => expand_at(plain(texts), lookup, depth),
    }
}

/// `{a} == {b} ? …`: whether it holds, and what follows the question mark.
fn comparison<'t>(inner: &'t str, lookup: &Lookup<'_>, depth: usize) -> Option<(bool, &'t str)> {
    let (left, rest) = enclosed(inner.trim_start(), '{')?;
    let rest = rest.trim_start();
    let operator = ["==", "!=", "<=", ">=", "<", ">"].into_iter().find(|o| rest.starts_with(o))?;
    let (right, rest) = enclosed(rest[operator.len()..].trim_start(), '{')?;
    let texts = rest.trim_start().strip_prefix('?')?;
    let (left, right) = (expand_at(left, lookup, depth), expand_at(right, lookup, depth));
    // Numbers are compared as numbers (postconf(5)).
    let order = match (left.parse::<i64>(), right.parse::<i64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        _ => left.cmp(&right),
    };
    let holds = match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_gt(),
    };
    Some((holds, texts))
}

/// `{yes}:{no}`, or `yes` alone.
fn choose(texts: &str, holds: bool, lookup: &Lookup<'_>, depth: usize) -> String {
    let (yes, no) = match enclosed(texts.trim_start(), '{') {
        Some((yes, rest)) => (yes, rest.trim_start().strip_prefix(':').map_or("", plain)),
        None => (texts, ""),
    };
    expand_at(if holds { yes.trim() } else { no }, lookup, depth)
}

fn plain(text: &str) -> &str {
    enclosed(text.trim_start(), '{').map_or(text, |(inner, _)| inner.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> String {
        let lookup = |name: &str| match name {
            "a" => Some("1".to_owned()),
            "b" => Some("$a$a".to_owned()),
            "circle" => Some("$circle".to_owned()),
            "stress" => Some(String::new()),
            _ => None,
        };
        expand(value, &lookup)
    }

    #[test]
    fn every_form_of_postconf_is_expanded() {
        for (value, expected) in [
            ("x$a y", "x1 y"),
            ("${b}/$(a)", "11/1"),
            ("$none.", "."),
            ("${stress?1}${stress:5}", "5"),
            ("${a?1}${a:5}", "1"),
            ("${a?{yes $a}:{no}}", "yes 1"),
            ("${none?{yes}:{no}}", "no"),
            ("${{$a} == {1} ? {same} : {other}}", "same"),
            ("${{9} < {10} ? {less} : {more}}", "less"),
            ("$$a", "$a"),
            ("$circle", ""),
            ("100$", "100$"),
        ] {
            assert_eq!(expanded(value), expected, "{value}");
        }
    }
}
