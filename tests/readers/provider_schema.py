"""The attributes of the Terraform resources that deploy/terraform uses, out of the providers' schemas as the cdktf wheels ship them.

    python3 tests/readers/provider_schema.py FOLDER_OF_WHEELS deploy/terraform > tests/it/deploy/providers.json

A wheel is read and never installed: each resource is a module of generated Python, whose classes take one keyword an attribute and name
the class of a nested block in the keyword's type. `make providers` fetches the wheels and runs this.
"""

import ast
import json
import pathlib
import re
import sys
import zipfile

WHEELS = {"aws": "cdktf_cdktf_provider_aws", "azurerm": "cdktf_cdktf_provider_azurerm"}
# What Terraform itself takes in every resource.
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}


def used(folder):
    found = set()
    for file in pathlib.Path(folder).rglob("*.tf"):
        for kind, name in re.findall(r'^(resource|data) "([a-z0-9_]+)"', file.read_text(), re.M):
            found.add((kind, name))
    return sorted(found)


def classes_of(tree):
    """Each class -> its keywords: attribute -> (whether it must be there, the names of classes in its type)."""
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        init = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
        if init is None:
            continue
        keywords = {}
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults):
            names = [c.value for c in ast.walk(argument.annotation) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
            keywords[argument.arg] = (default is None, names)
        found[node.name] = (node, keywords)
    return found


def attribute(name):
    # A word of Python's own has a mark behind it.
    return name[:-1] if name.endswith("_") else name


def shape(of, classes, seen=()):
    node, keywords = classes[of]
    result = {}
    for name, (needed, names) in sorted(keywords.items()):
        if name in META or name == "id_":
            continue
        nested = next((n for n in names if n in classes and n not in seen), None)
        entry = {"needed": True} if needed else {}
        if nested:
            entry["block"] = shape(nested, classes, (*seen, of))
        result[attribute(name)] = entry
    return result


def exports(node):
    """Properties of the resource, as other resources refer to them."""
    names = {f.name for f in node.body if isinstance(f, ast.FunctionDef) and any(isinstance(d, ast.Name) and d.id == "builtins" or isinstance(d, ast.Attribute) and d.attr == "property" for d in f.decorator_list)}
    return sorted(attribute(n) for n in names if not n.endswith("_input"))


def main(wheels, terraform):
    result = {"wheels": {}, "resources": {}}
    archives = {}
    for provider, name in WHEELS.items():
        (path,) = pathlib.Path(wheels).glob(f"{name}-*.whl")
        archives[provider] = zipfile.ZipFile(path)
        about = next(n for n in archives[provider].namelist() if n.endswith(".dist-info/METADATA"))
        text = archives[provider].read(about).decode()
        schema = re.search(r"provider version ([0-9.]+)", text).group(1).rstrip(".")
        result["wheels"][provider] = {"wheel": path.name.split("-")[1], "provider": schema}
    for kind, name in used(terraform):
        provider, resource = name.split("_", 1)
        module = ("data_" + name if kind == "data" else resource) + "/__init__.py"
        text = archives[provider].read(f"{WHEELS[provider]}/{module}").decode()
        tree = ast.parse(text)
        classes = classes_of(tree)
        own = next(n.name for n in tree.body if isinstance(n, ast.ClassDef) and any(isinstance(b, ast.Attribute) and b.attr in ("TerraformResource", "TerraformDataSource") for b in n.bases))
        result["resources"][name if kind == "resource" else "data." + name] = {
            "takes": shape(own, classes),
            "gives": exports(classes[own][0]),
        }
    # A line a resource: small, and a change of one is seen.
    print('{"wheels":' + json.dumps(result["wheels"]) + ',\n"resources":{')
    lines = [f"{json.dumps(name)}:{json.dumps(of, separators=(',', ':'))}" for name, of in sorted(result["resources"].items())]
    print(",\n".join(lines) + "\n}}")


main(*sys.argv[1:])
