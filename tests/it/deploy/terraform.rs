//! `deploy/terraform` as a parser reads it, and what its expressions come to: the variables of an example -> a module's arguments -> its locals.
//!
//! Resources are not made, so what others take of them stands for itself (`arn:of:aws_kms_key.data`), by the names that their schema has.

use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Body, Expression, Map, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

/// Every file of `deploy/terraform` by its path there, `aws/task.tf`.
#[derive(Clone)]
pub struct Files(pub BTreeMap<String, String>);

impl Files {
    /// As they are shipped.
    pub fn shipped() -> Files {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/terraform");
        let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                if path.is_dir() && !name.contains(".terraform") {
                    folders.push(path);
                } else if [".tf", ".tfvars", ".json"].iter().any(|end| name.ends_with(end)) {
                    found.insert(name, std::fs::read_to_string(path).expect("text"));
                }
            }
        }
        Files(found)
    }

    /// With a fault planted: in `file`, what is `from` is `to`.
    pub fn with(&self, file: &str, from: &str, to: &str) -> Files {
        let mut files = self.clone();
        let text = files.0.get_mut(file).unwrap_or_else(|| panic!("{file} is not there"));
        assert!(text.contains(from), "{file} has no {from}");
        *text = text.replace(from, to);
        files
    }

    /// The `.tf` files of a folder, as one body.
    pub fn module(&self, folder: &str) -> Body {
        let files = self.0.iter().filter(|(name, _)| {
            name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| !rest.contains('/'))
                && name.ends_with(".tf")
        });
        let bodies = files.flat_map(|(name, text)| parsed(name, text).into_inner());
        bodies.collect()
    }

    /// The arguments that the example `folder`, with its variables from `tfvars`, gives the module `name`.
    pub fn arguments(&self, folder: &str, tfvars: &str, name: &str) -> Map<String, Value> {
        let root = self.module(folder);
        let given = parsed(tfvars, &self.0[&format!("{folder}/{tfvars}")]);
        let mut context = context();
        let given = given.attributes().map(|of| (of.key().to_owned(), evaluated(of.expr(), &context, of.key())));
        let variables = variables(&root, &given.collect(), &context);
        context.declare_var("var", Value::Object(variables));
        context.declare_var(
            "module",
            parsed("stubs", STUBS)
                .attributes()
                .map(|of| (of.key().to_owned(), evaluated(of.expr(), &context, "a stub")))
                .collect::<Map<_, _>>(),
        );
        locals(&root, &mut context);
        let block =
            root.blocks().find(|of| of.identifier() == "module" && of.labels()[0].as_str() == name).expect("a module");
        let attributes = block.body().attributes().filter(|of| of.key() != "source");
        attributes.map(|of| (of.key().to_owned(), evaluated(of.expr(), &context, of.key()))).collect()
    }

    /// The locals of the module in `folder` with the arguments that are `given`.
    pub fn locals(&self, folder: &str, given: &Map<String, Value>) -> BTreeMap<String, Json> {
        let module = self.module(folder);
        let mut context = context();
        let variables = variables(&module, given, &context);
        context.declare_var("var", Value::Object(variables));
        let found = locals(&module, &mut context);
        found.into_iter().map(|(name, value)| (name, serde_json::to_value(value).expect("JSON"))).collect()
    }
}

/// What one module of an example takes of the other.
const STUBS: &str = r#"
aws   = { job_roles = { settlements = "arn:aws:iam::111122223333:role/x" } }
azure = { identities = {} }
"#;

/// A file's body.
pub fn parsed(name: &str, text: &str) -> Body {
    hcl::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn evaluated(expression: &Expression, context: &Context<'_>, what: &str) -> Value {
    expression.evaluate(context).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// The variables of a root or module: what is given, else its default, in the type's shape.
fn variables(module: &Body, given: &Map<String, Value>, context: &Context<'_>) -> Map<String, Value> {
    let declared: Vec<_> = module.blocks().filter(|of| of.identifier() == "variable").collect();
    for name in given.keys() {
        assert!(declared.iter().any(|of| of.labels()[0].as_str() == name), "there is no variable `{name}`");
    }
    let values = declared.into_iter().map(|of| {
        let name = of.labels()[0].as_str().to_owned();
        let attribute = |key: &str| of.body().attributes().find(|of| of.key() == key).map(hcl::Attribute::expr);
        let default = || attribute("default").map(|default| evaluated(default, context, &name));
        let value = given.get(&name).cloned().or_else(default).unwrap_or_else(|| panic!("`{name}` is not given"));
        let shape = attribute("type").unwrap_or_else(|| panic!("`{name}` has no type"));
        let value = shaped(shape, value, context, &name);
        (name, value)
    });
    values.collect()
}

/// A value in the shape of a type: attributes that are optional are there, and none that the type lacks.
fn shaped(shape: &Expression, value: Value, context: &Context<'_>, at: &str) -> Value {
    let Expression::FuncCall(call) = shape else { return value };
    match (call.name.name.as_str(), call.args.first(), value) {
        (_, _, Value::Null) => Value::Null,
        ("map", Some(of), Value::Object(values)) => {
            values.into_iter().map(|(key, value)| (key, shaped(of, value, context, at))).collect::<Map<_, _>>().into()
        }
        ("list" | "set", Some(of), Value::Array(values)) => {
            values.into_iter().map(|value| shaped(of, value, context, at)).collect::<Vec<_>>().into()
        }
        ("object", Some(Expression::Object(fields)), Value::Object(mut values)) => {
            let mut found = Map::new();
            for (key, of) in fields {
                let key = key.to_string();
                let given = values.shift_remove(&key).filter(|value| !value.is_null());
                let value = match of {
                    Expression::FuncCall(of) if of.name.name.as_str() == "optional" => match (given, of.args.get(1)) {
                        (Some(given), _) => shaped(&of.args[0], given, context, at),
                        (None, Some(default)) => shaped(&of.args[0], evaluated(default, context, &key), context, at),
                        (None, None) => Value::Null,
                    },
                    of => shaped(of, given.unwrap_or_else(|| panic!("{at}: `{key}` is lacking")), context, at),
                };
                found.insert(key, value);
            }
            assert!(values.is_empty(), "{at}: the type has no {:?}", values.keys().collect::<Vec<_>>());
            found.into()
        }
        (_, _, value) => value,
    }
}

/// Evaluates what can be, again and again: a local may need another, and a resource's stub its `for_each`.
fn locals(module: &Body, context: &mut Context<'_>) -> Map<String, Value> {
    let mut open: Vec<(String, Expression)> = module
        .blocks()
        .filter(|of| of.identifier() == "locals")
        .flat_map(|of| of.body().attributes().map(|of| (of.key().to_owned(), of.expr().clone())))
        .collect();
    let mut found = Map::new();
    let provided = super::schema::provided();
    loop {
        for (kind, names) in stubs(module, context, &provided) {
            context.declare_var(kind, Value::Object(names));
        }
        context.declare_var("local", Value::Object(found.clone()));
        let before = open.len();
        open.retain(|(name, expression)| match expression.evaluate(context) {
            Ok(value) => {
                found.insert(name.clone(), value);
                false
            }
            Err(_) => true,
        });
        if open.len() == before {
            return found;
        }
    }
}

/// What stands for the resources of a module: kind -> name -> what others take of it.
fn stubs(module: &Body, context: &Context<'_>, provided: &Json) -> BTreeMap<String, Map<String, Value>> {
    let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut data: Map<String, Value> = Map::new();
    for block in module.blocks().filter(|of| ["resource", "data"].contains(&of.identifier())) {
        let (kind, name) = (block.labels()[0].as_str(), block.labels()[1].as_str());
        let is_data = block.identifier() == "data";
        let schema = if is_data { format!("data.{kind}") } else { kind.to_owned() };
        let gives = provided["resources"][&schema]["gives"].as_array().cloned().unwrap_or_default();
        let one = |key: &str| -> Value {
            let values = gives.iter().filter_map(Json::as_str).map(|of| {
                let value = match (kind, of) {
                    ("aws_region", "region") => "eu-west-2".to_owned(),
                    ("aws_partition", "partition") => "aws".to_owned(),
                    ("aws_caller_identity", "account_id") => "111122223333".to_owned(),
                    _ => format!("{of}:of:{kind}.{name}{key}"),
                };
                (of.to_owned(), Value::from(value))
            });
            values.collect::<Map<_, _>>().into()
        };
        let attribute = |key: &str| block.body().attributes().find(|of| of.key() == key).map(hcl::Attribute::expr);
        let value = match (attribute("for_each"), attribute("count")) {
            (Some(each), _) => match each.evaluate(context) {
                Ok(Value::Object(of)) => {
                    of.keys().map(|key| (key.clone(), one(&format!(".{key}")))).collect::<Map<_, _>>().into()
                }
                Ok(Value::Array(of)) => of
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|key| (key.to_owned(), one(&format!(".{key}"))))
                    .collect::<Map<_, _>>()
                    .into(),
                _ => continue,
            },
            (None, Some(_)) => Value::Array(vec![one("")]),
            (None, None) => one(""),
        };
        if is_data {
            data.insert(kind.to_owned(), Map::from_iter([(name.to_owned(), value)]).into());
        } else {
            found.entry(kind.to_owned()).or_default().insert(name.to_owned(), value);
        }
    }
    found.insert("data".into(), data);
    found
}

type Function = fn(FuncArgs) -> Result<Value, String>;

/// Terraform's functions, as far as they are used.
fn context() -> Context<'static> {
    let mut context = Context::new();
    let any = || FuncDef::builder().variadic_param(ParamType::Any);
    let functions: [(&str, Function); 18] = [
        ("concat", |args| Ok(args.iter().flat_map(items).collect::<Vec<_>>().into())),
        ("flatten", |args| Ok(flat(&args[0]).into())),
        ("merge", |args| {
            Ok(args.iter().filter_map(Value::as_object).flat_map(Clone::clone).collect::<Map<_, _>>().into())
        }),
        ("keys", |args| Ok(object(&args[0])?.keys().cloned().map(Value::from).collect::<Vec<_>>().into())),
        ("values", |args| Ok(object(&args[0])?.values().cloned().collect::<Vec<_>>().into())),
        ("toset", |args| Ok(args[0].clone())),
        ("tostring", |args| Ok(text(&args[0]).into())),
        ("tonumber", |args| text(&args[0]).parse::<i64>().map(Value::from).map_err(|_| "no number".into())),
        ("length", |args| Ok(Value::from(args[0].as_object().map_or_else(|| items(&args[0]).len(), Map::len)))),
        ("distinct", |args| {
            let mut found: Vec<Value> = Vec::new();
            items(&args[0]).into_iter().for_each(|item| {
                if !found.contains(&item) {
                    found.push(item)
                }
            });
            Ok(found.into())
        }),
        ("contains", |args| Ok(items(&args[0]).contains(&args[1]).into())),
        ("lookup", |args| Ok(object(&args[0])?.get(&text(&args[1])).cloned().unwrap_or_else(|| args[2].clone()))),
        ("split", |args| Ok(text(&args[1]).split(&text(&args[0])).map(Value::from).collect::<Vec<_>>().into())),
        ("join", |args| Ok(items(&args[1]).iter().map(text).collect::<Vec<_>>().join(&text(&args[0])).into())),
        ("slice", |args| {
            let at = |index: usize| args[index].as_u64().map(|number| number as usize).ok_or("no number");
            Ok(items(&args[0])[at(1)?..at(2)?].to_vec().into())
        }),
        ("range", |args| {
            let at = |index: usize| args.get(index).and_then(Value::as_u64).map(|number| number as usize);
            let (from, to) = (at(0).ok_or("no number")?, at(1).ok_or("no number")?);
            Ok((from..to).step_by(at(2).unwrap_or(1)).map(Value::from).collect::<Vec<_>>().into())
        }),
        ("coalesce", |args| args.iter().find(|of| !of.is_null()).cloned().ok_or_else(|| "nothing".into())),
        ("jsonencode", |args| serde_json::to_string(&args[0]).map(Value::from).map_err(|error| error.to_string())),
    ];
    for (name, function) in functions {
        context.declare_func(name, any().build(function));
    }
    context
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| "no object".into())
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn flat(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(of) => of.iter().flat_map(flat).collect(),
        other => vec![other.clone()],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
