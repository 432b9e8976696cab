//! Writes the conditions of a statement beside the values that are bound to them.

use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Database};

/// A value that is bound to a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StatementValue {
    Text(String),
    Number(i64),
}

impl From<&str> for StatementValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for StatementValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for StatementValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Conditions of which all hold. Columns and operators are constants of the program; what comes from outside is bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    written: Vec<String>,
    values: Vec<StatementValue>,
}

impl Conditions {
    /// Returns how many conditions there are.
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Adds a condition without a value.
    pub fn add(&mut self, condition: &'static str) {
        self.written.push(condition.to_owned());
    }

    /// Adds that a column has a value.
    pub fn equal(&mut self, column: &'static str, value: impl Into<StatementValue>) {
        let place = self.bind(value.into());
        self.written.push(format!("{column} = {place}"));
    }

    /// Adds a condition that is written around the place of a value.
    pub fn with(
        &mut self,
        value: impl Into<StatementValue>,
        condition: impl FnOnce(&str) -> String,
    ) {
        let place = self.bind(value.into());
        self.written.push(condition(&place));
    }

    /// Adds that a column has one of some values.
    pub fn within(
        &mut self,
        column: &'static str,
        values: impl IntoIterator<Item = StatementValue>,
    ) {
        let places = self.bind_all(values);
        self.written.push(format!("{column} in ({places})"));
    }

    /// Adds that columns are before or behind some values, by the first column that differs.
    pub fn compare(
        &mut self,
        columns: &'static str,
        operator: &'static str,
        values: impl IntoIterator<Item = StatementValue>,
    ) {
        let places = self.bind_all(values);
        self.written
            .push(format!("({columns}) {operator} ({places})"));
    }

    /// Adds that a text holds another, in capitals or not: as it stands, without wildcards. The database lowers both, so
    /// that they are lowered alike.
    pub fn holds(&mut self, text: &'static str, part: &str) {
        let place = self.bind(pattern(part).into());
        self.written
            .push(format!("lower({text}) like lower({place}) escape '\\'"));
    }

    /// Returns the conditions, for a statement.
    pub fn text(&self) -> String {
        self.written.join(" and ")
    }

    /// Binds the values to a statement with these conditions.
    pub fn query(
        self,
        statement: AssertSqlSafe<String>,
    ) -> Query<'static, Any, <Any as Database>::Arguments> {
        // With a list of any length, each is a statement of its own: none is worth keeping.
        let query = sqlx::query(statement).persistent(false);
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                StatementValue::Text(text) => query.bind(text),
                StatementValue::Number(number) => query.bind(number),
            })
    }

    fn bind(&mut self, value: StatementValue) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn bind_all(&mut self, values: impl IntoIterator<Item = StatementValue>) -> String {
        let places: Vec<_> = values.into_iter().map(|value| self.bind(value)).collect();
        places.join(", ")
    }
}

/// Writes the pattern of what holds a text.
fn pattern(part: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "%"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_in_a_pattern_as_it_is() {
        assert_eq!(pattern(r"100%_a\b"), r"%100\%\_a\\b%");
    }

    #[test]
    fn each_value_has_its_place_in_the_statement() {
        let mut conditions = Conditions::default();
        conditions.equal("a", "x");
        conditions.add("b = 0");
        conditions.compare("c, d", ">", ["y".into(), 7.into()]);
        conditions.within("e", ["z".into()]);
        conditions.holds("f || g", "50%");
        let expected = r"a = $1 and b = 0 and (c, d) > ($2, $3) and e in ($4) and lower(f || g) like lower($5) escape '\'";
        assert_eq!(conditions.text(), expected);
        assert_eq!(conditions.values.len(), 5);
    }
}
