//! Which column of a file is what the program reads.

use arrow_schema::{DataType, Field, Fields, TimeUnit};

/// Where a column stands: its place among the outermost, and from there on among the children.
pub(super) type Route = Vec<usize>;

/// What of a file is at a path of keys.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The columns that are just that.
    pub(super) routes: Vec<Route>,
    /// Whether there are columns below it that belong to none of these.
    pub(super) parts: bool,
}

/// Looks for a path among columns: a dot in a name separates keys, and what is in a struct is below its name.
pub(super) fn find(fields: &Fields, reserved: &[&str], path: &[&str]) -> Found {
    let mut found = Found::default();
    for (at, field) in fields.iter().enumerate() {
        if !reserved.contains(&field.name().as_str()) {
            look(field, path, &mut vec![at], &mut found);
        }
    }
    found
}

fn look(field: &Field, path: &[&str], route: &mut Route, found: &mut Found) {
    let mut rest = path;
    for key in field.name().split('.') {
        match rest.split_first() {
            Some((first, after)) if *first == key => rest = after,
            // The name goes on below what is looked for.
            None => return found.parts = true,
            Some(_) => return,
        }
    }
    if rest.is_empty() {
        return found.routes.push(route.clone());
    }
    if let DataType::Struct(fields) = field.data_type() {
        for (at, field) in fields.iter().enumerate() {
            route.push(at);
            look(field, rest, route, found);
            route.pop();
        }
    }
}

/// The field at a route, and the names on the way to it.
pub(super) fn at<'f>(fields: &'f Fields, route: &[usize]) -> Option<(&'f Field, Vec<&'f str>)> {
    let mut fields = Some(fields);
    let mut last = None;
    let mut names = Vec::with_capacity(route.len());
    for at in route {
        let field = fields?.get(*at)?;
        names.push(field.name().as_str());
        fields = match field.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        };
        last = Some(&**field);
    }
    Some((last?, names))
}

/// Whether values of a type can be those of traits and properties.
pub(super) fn is_value(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Timestamp(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Utf8 => true,
        DataType::List(item) => is_value(item.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| is_value(field.data_type())),
        _ => false,
    }
}

/// What an author of tables calls a type.
pub(super) fn called(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::Dictionary(..) => "text".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => "bytes".into(),
        DataType::Timestamp(unit, _) => format!("timestamp in {}", self::unit(*unit)),
        DataType::Date32 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time of day".into(),
        DataType::Interval(_) => "interval".into(),
        DataType::List(item) => format!("list of {}", called(item.data_type())),
        DataType::Struct(_) => "struct".into(),
        DataType::Map(..) => "map".into(),
        other => other.to_string().to_lowercase(),
    }
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "seconds",
        TimeUnit::Millisecond => "milliseconds",
        TimeUnit::Microsecond => "microseconds",
        TimeUnit::Nanosecond => "nanoseconds",
    }
}
