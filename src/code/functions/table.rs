//! The table of functions.

use super::{Function, Kind, Parameter, parameter};
use super::{
    collection, conversion, csv, digest, encoding, file, format, json, moment, network, numeric,
    pattern, sequence, sets, text, yaml, yaml_writer,
};
use crate::code::fault::Evaluated;

type Row = fn(&super::Call<'_, '_>) -> Evaluated;

const ANY: Parameter = parameter(Kind::Any);
/// Any value, known or partly unknown.
const PARTS: Parameter = ANY.in_parts();
/// Any value, known or unknown.
const UNKNOWN: Parameter = PARTS.or_unknown();
const NULLABLE: Parameter = ANY.or_null();
const FLAGS: Parameter = parameter(Kind::Flags);
const LIST: Parameter = parameter(Kind::List);
const NUMBER: Parameter = parameter(Kind::Number);
const SET: Parameter = parameter(Kind::Set);
const TEXT: Parameter = parameter(Kind::Text);
const TEXTS: Parameter = parameter(Kind::Texts);
const TEXT_LISTS: Parameter = parameter(Kind::TextLists);

/// Creates a function with these parameters.
const fn of(
    name: &'static str,
    parameters: &'static [Parameter],
    returns: Kind,
    call: Row,
) -> Function {
    Function {
        name,
        parameters,
        rest: None,
        returns,
        call,
    }
}

/// Creates a variadic function.
const fn with_rest(
    name: &'static str,
    parameters: &'static [Parameter],
    rest: Parameter,
    returns: Kind,
    call: Row,
) -> Function {
    Function {
        name,
        parameters,
        rest: Some(rest),
        returns,
        call,
    }
}

/// Creates a function from string to string.
const fn on_text(name: &'static str, call: Row) -> Function {
    of(name, &[TEXT], Kind::Text, call)
}

/// The functions whose arguments are evaluated first, by name. Missing ones are unknown: they need a clock, randomness,
/// the machine that Terraform runs on or a private key, or compress.
pub(super) const FUNCTIONS: &[Function] = &[
    of("abs", &[NUMBER], Kind::Number, numeric::abs),
    of(
        "alltrue",
        &[FLAGS.in_parts()],
        Kind::Flag,
        collection::alltrue,
    ),
    of(
        "anytrue",
        &[FLAGS.in_parts()],
        Kind::Flag,
        collection::anytrue,
    ),
    on_text("base64decode", encoding::base64decode),
    on_text("base64encode", encoding::base64encode),
    on_text("base64sha256", digest::base64sha256),
    on_text("base64sha512", digest::base64sha512),
    on_text("basename", text::basename),
    of("ceil", &[NUMBER], Kind::Number, numeric::ceil),
    on_text("chomp", text::chomp),
    of(
        "chunklist",
        &[LIST.in_parts(), NUMBER],
        Kind::Any,
        sequence::chunklist,
    ),
    of("cidrhost", &[TEXT, NUMBER], Kind::Text, network::cidrhost),
    on_text("cidrnetmask", network::cidrnetmask),
    of(
        "cidrsubnet",
        &[TEXT, NUMBER, NUMBER],
        Kind::Text,
        network::cidrsubnet,
    ),
    with_rest(
        "cidrsubnets",
        &[TEXT],
        NUMBER,
        Kind::Texts,
        network::cidrsubnets,
    ),
    with_rest(
        "coalesce",
        &[],
        UNKNOWN.or_null(),
        Kind::Any,
        collection::coalesce,
    ),
    with_rest(
        "coalescelist",
        &[],
        PARTS.or_null(),
        Kind::Any,
        collection::coalescelist,
    ),
    of("compact", &[TEXTS], Kind::Texts, sequence::compact),
    with_rest("concat", &[], PARTS, Kind::Any, sequence::concat),
    of(
        "contains",
        &[PARTS, PARTS],
        Kind::Flag,
        collection::contains,
    ),
    on_text("csvdecode", csv::csvdecode),
    on_text("dirname", text::dirname),
    of("distinct", &[LIST], Kind::Any, sequence::distinct),
    of("element", &[PARTS, NUMBER], Kind::Any, sequence::element),
    of("endswith", &[TEXT, TEXT], Kind::Flag, text::endswith),
    of(
        "ephemeralasnull",
        &[PARTS.or_null()],
        Kind::Any,
        conversion::same,
    ),
    on_text("file", file::file),
    on_text("filebase64", file::filebase64),
    on_text("filebase64sha256", file::filebase64sha256),
    on_text("filebase64sha512", file::filebase64sha512),
    of("fileexists", &[TEXT], Kind::Flag, file::fileexists),
    on_text("filemd5", file::filemd5),
    of("fileset", &[TEXT, TEXT], Kind::Any, file::fileset),
    on_text("filesha1", file::filesha1),
    on_text("filesha256", file::filesha256),
    on_text("filesha512", file::filesha512),
    of("flatten", &[PARTS], Kind::Any, sequence::flatten),
    of("floor", &[NUMBER], Kind::Number, numeric::floor),
    with_rest("format", &[TEXT], NULLABLE, Kind::Text, format::format),
    of("formatdate", &[TEXT, TEXT], Kind::Text, moment::formatdate),
    with_rest(
        "formatlist",
        &[TEXT],
        NULLABLE,
        Kind::Texts,
        format::formatlist,
    ),
    of("indent", &[NUMBER, TEXT], Kind::Text, text::indent),
    of("index", &[ANY, ANY], Kind::Number, sequence::index),
    of(
        "issensitive",
        &[PARTS.or_null()],
        Kind::Flag,
        conversion::issensitive,
    ),
    with_rest("join", &[TEXT], TEXTS, Kind::Text, text::join),
    of("jsondecode", &[TEXT], Kind::Any, json::jsondecode),
    of("jsonencode", &[NULLABLE], Kind::Text, json::jsonencode),
    of("keys", &[PARTS], Kind::Any, collection::keys),
    of("length", &[PARTS], Kind::Number, collection::length),
    of("log", &[NUMBER, NUMBER], Kind::Number, numeric::log),
    with_rest(
        "lookup",
        &[PARTS, TEXT],
        PARTS.or_null(),
        Kind::Any,
        collection::lookup,
    ),
    on_text("lower", text::lower),
    of(
        "matchkeys",
        &[LIST.in_parts(), LIST, LIST],
        Kind::Any,
        collection::matchkeys,
    ),
    with_rest("max", &[NUMBER], NUMBER, Kind::Number, numeric::max),
    on_text("md5", digest::md5),
    with_rest("merge", &[], PARTS.or_null(), Kind::Any, collection::merge),
    with_rest("min", &[NUMBER], NUMBER, Kind::Number, numeric::min),
    of(
        "nonsensitive",
        &[PARTS.or_null()],
        Kind::Any,
        conversion::same,
    ),
    of("one", &[PARTS], Kind::Any, collection::single_element),
    of("parseint", &[ANY, NUMBER], Kind::Number, numeric::parseint),
    of("pow", &[NUMBER, NUMBER], Kind::Number, numeric::pow),
    with_rest("range", &[NUMBER], NUMBER, Kind::Any, numeric::range),
    of("regex", &[TEXT, TEXT], Kind::Any, pattern::regex),
    of("regexall", &[TEXT, TEXT], Kind::Any, pattern::regexall),
    of("replace", &[TEXT, TEXT, TEXT], Kind::Text, pattern::replace),
    of("reverse", &[PARTS], Kind::Any, sequence::reverse),
    with_rest(
        "setintersection",
        &[SET],
        SET,
        Kind::Any,
        sets::intersection,
    ),
    with_rest("setproduct", &[], ANY, Kind::Any, sets::product),
    of("setsubtract", &[SET, SET], Kind::Any, sets::subtract),
    with_rest("setunion", &[SET], SET, Kind::Any, sets::union),
    on_text("sha1", digest::sha1),
    on_text("sha256", digest::sha256),
    on_text("sha512", digest::sha512),
    of("signum", &[NUMBER], Kind::Number, numeric::signum),
    of(
        "slice",
        &[PARTS, NUMBER, NUMBER],
        Kind::Any,
        sequence::slice,
    ),
    of("sort", &[TEXTS], Kind::Texts, sequence::sort),
    of("split", &[TEXT, TEXT], Kind::Texts, text::split),
    of("startswith", &[TEXT, TEXT], Kind::Flag, text::startswith),
    of("strcontains", &[TEXT, TEXT], Kind::Flag, text::strcontains),
    on_text("strrev", text::strrev),
    of("substr", &[TEXT, NUMBER, NUMBER], Kind::Text, text::substr),
    of("sum", &[ANY], Kind::Number, numeric::sum),
    of(
        "textdecodebase64",
        &[TEXT, TEXT],
        Kind::Text,
        encoding::textdecodebase64,
    ),
    of(
        "textencodebase64",
        &[TEXT, TEXT],
        Kind::Text,
        encoding::textencodebase64,
    ),
    of("timeadd", &[TEXT, TEXT], Kind::Text, moment::timeadd),
    of("timecmp", &[TEXT, TEXT], Kind::Number, moment::timecmp),
    on_text("title", text::title),
    of("tobool", &[PARTS.or_null()], Kind::Flag, conversion::tobool),
    of("tolist", &[PARTS.or_null()], Kind::Any, conversion::tolist),
    of("tomap", &[PARTS.or_null()], Kind::Any, conversion::tomap),
    of(
        "tonumber",
        &[PARTS.or_null()],
        Kind::Number,
        conversion::tonumber,
    ),
    of("toset", &[PARTS.or_null()], Kind::Any, conversion::toset),
    of(
        "tostring",
        &[PARTS.or_null()],
        Kind::Text,
        conversion::tostring,
    ),
    of(
        "transpose",
        &[TEXT_LISTS],
        Kind::TextLists,
        collection::transpose,
    ),
    of("trim", &[TEXT, TEXT], Kind::Text, text::trim),
    of("trimprefix", &[TEXT, TEXT], Kind::Text, text::trimprefix),
    on_text("trimspace", text::trimspace),
    of("trimsuffix", &[TEXT, TEXT], Kind::Text, text::trimsuffix),
    on_text("upper", text::upper),
    on_text("urlencode", encoding::urlencode),
    of("uuidv5", &[TEXT, TEXT], Kind::Text, digest::uuidv5),
    of("values", &[PARTS], Kind::Any, collection::values),
    on_text("yamldecode", yaml::yamldecode),
    of(
        "yamlencode",
        &[NULLABLE],
        Kind::Text,
        yaml_writer::yamlencode,
    ),
    of("zipmap", &[TEXTS, PARTS], Kind::Any, collection::zipmap),
];
