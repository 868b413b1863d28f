# Completion of arrtheaudio for bash. Printed by `python -m arrtheaudio.manual`. Source it, or put it into
# /usr/share/bash-completion/completions under the name arrtheaudio.

# Says whether the last word is an option that takes a value, and in `due` what may stand there.
_arrtheaudio_value() {
    due=
    case "$1" in
        'arrtheaudio -c' | 'arrtheaudio --config' | 'arrtheaudio scan --since' | 'arrtheaudio process --since') due=@files ;;
        'arrtheaudio --log-format') due='text json' ;;
        'arrtheaudio --log-level') due='error info debug trace' ;;
        'arrtheaudio scan -f' | 'arrtheaudio scan --format' | 'arrtheaudio probe -f' | 'arrtheaudio probe --format' | 'arrtheaudio tmdb -f' | 'arrtheaudio tmdb --format' | 'arrtheaudio choose -f' | 'arrtheaudio choose --format' | 'arrtheaudio apply -f' | 'arrtheaudio apply --format' | 'arrtheaudio process -f' | 'arrtheaudio process --format' | 'arrtheaudio undo -f' | 'arrtheaudio undo --format' | 'arrtheaudio jobs add -f' | 'arrtheaudio jobs add --format' | 'arrtheaudio jobs cancel -f' | 'arrtheaudio jobs cancel --format' | 'arrtheaudio jobs list -f' | 'arrtheaudio jobs list --format' | 'arrtheaudio jobs retry -f' | 'arrtheaudio jobs retry --format' | 'arrtheaudio jobs run -f' | 'arrtheaudio jobs run --format' | 'arrtheaudio jobs show -f' | 'arrtheaudio jobs show --format' | 'arrtheaudio jobs stats -f' | 'arrtheaudio jobs stats --format' | 'arrtheaudio jobs wait -f' | 'arrtheaudio jobs wait --format' | 'arrtheaudio admin stats -f' | 'arrtheaudio admin stats --format' | 'arrtheaudio doctor -f' | 'arrtheaudio doctor --format') due='auto jsonl table json' ;;
        'arrtheaudio scan -j' | 'arrtheaudio scan --jobs' | 'arrtheaudio scan --pattern' | 'arrtheaudio scan --exclude' | 'arrtheaudio scan --min-size' | 'arrtheaudio scan --max-age' | 'arrtheaudio probe -j' | 'arrtheaudio probe --jobs' | 'arrtheaudio tmdb -j' | 'arrtheaudio tmdb --jobs' | 'arrtheaudio tmdb --id' | 'arrtheaudio choose -j' | 'arrtheaudio choose --jobs' | 'arrtheaudio choose -l' | 'arrtheaudio choose --language' | 'arrtheaudio choose --original' | 'arrtheaudio apply -j' | 'arrtheaudio apply --jobs' | 'arrtheaudio apply -l' | 'arrtheaudio apply --language' | 'arrtheaudio apply --original' | 'arrtheaudio process -j' | 'arrtheaudio process --jobs' | 'arrtheaudio process --pattern' | 'arrtheaudio process --exclude' | 'arrtheaudio process --min-size' | 'arrtheaudio process --max-age' | 'arrtheaudio process --id' | 'arrtheaudio process -l' | 'arrtheaudio process --language' | 'arrtheaudio process --original' | 'arrtheaudio undo -j' | 'arrtheaudio undo --jobs' | 'arrtheaudio undo --since' | 'arrtheaudio jobs add --group' | 'arrtheaudio jobs cancel --group' | 'arrtheaudio jobs list --group' | 'arrtheaudio jobs list --limit' | 'arrtheaudio jobs list --offset' | 'arrtheaudio jobs prune --older-than' | 'arrtheaudio jobs run --workers' | 'arrtheaudio jobs run --max' | 'arrtheaudio jobs run --nice' | 'arrtheaudio jobs wait --group' | 'arrtheaudio serve --host' | 'arrtheaudio serve --port' | 'arrtheaudio serve --workers' | 'arrtheaudio admin cleanup --older-than' | 'arrtheaudio doctor --url') due='' ;;
        'arrtheaudio tmdb --kind' | 'arrtheaudio process --kind') due='movie series' ;;
        'arrtheaudio apply --hardlinks' | 'arrtheaudio process --hardlinks') due='protect copy edit skip' ;;
        'arrtheaudio undo --job') due=@jobs ;;
        'arrtheaudio jobs add --priority') due='webhook high normal low' ;;
        'arrtheaudio jobs list --state') due='queued held running completed failed cancelled' ;;
        'arrtheaudio jobs list --source') due='sonarr radarr hook batch api cli' ;;
        *) return 1 ;;
    esac
}

_arrtheaudio() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at=arrtheaudio due= only= i
    # To bash, `--format=json` is three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        if _arrtheaudio_value "$at ${COMP_WORDS[i]}"; then
            ((i += 1))
            if [[ ${COMP_WORDS[i]} == = ]]; then ((i += 1)); fi
            continue
        fi
        case "$at ${COMP_WORDS[i]}" in
            *" --") only=arguments ;;
            'arrtheaudio scan' | 'arrtheaudio probe' | 'arrtheaudio tmdb' | 'arrtheaudio choose' | 'arrtheaudio apply' | 'arrtheaudio process' | 'arrtheaudio undo' | 'arrtheaudio jobs' | 'arrtheaudio jobs add' | 'arrtheaudio jobs cancel' | 'arrtheaudio jobs list' | 'arrtheaudio jobs prune' | 'arrtheaudio jobs retry' | 'arrtheaudio jobs run' | 'arrtheaudio jobs show' | 'arrtheaudio jobs stats' | 'arrtheaudio jobs wait' | 'arrtheaudio serve' | 'arrtheaudio hook' | 'arrtheaudio schema' | 'arrtheaudio admin' | 'arrtheaudio admin backup' | 'arrtheaudio admin cleanup' | 'arrtheaudio admin migrate' | 'arrtheaudio admin recover' | 'arrtheaudio admin restore' | 'arrtheaudio admin stats' | 'arrtheaudio admin validate-config' | 'arrtheaudio doctor') at+=" ${COMP_WORDS[i]}" ;;
        esac
    done

    COMPREPLY=()
    if [[ -n $only ]] || ! _arrtheaudio_value "$at $before"; then
        due=
        case "$at${word:+ }${only:-${word:0:1}}" in
            'arrtheaudio -') due='-c --config -v --verbose -q --quiet --log-format --log-level --version -h --help' ;;
            'arrtheaudio scan -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress --recursive --no-recursive --pattern --exclude --min-size --max-age --since -h --help' ;;
            'arrtheaudio probe -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress -h --help' ;;
            'arrtheaudio tmdb -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress --id --kind --offline -h --help' ;;
            'arrtheaudio choose -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress -l --language --original --explain -h --help' ;;
            'arrtheaudio apply -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress -l --language --original -n --dry-run --hardlinks --allow-rewrite -h --help' ;;
            'arrtheaudio process -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress --recursive --no-recursive --pattern --exclude --min-size --max-age --since --id --kind --offline -l --language --original -n --dry-run --hardlinks --allow-rewrite -h --help' ;;
            'arrtheaudio undo -') due='-f --format -0 --null --refresh -j --jobs --progress --no-progress -n --dry-run --list --since --job --all -h --help' ;;
            'arrtheaudio jobs -' | 'arrtheaudio schema -' | 'arrtheaudio admin -' | 'arrtheaudio admin backup -' | 'arrtheaudio admin migrate -' | 'arrtheaudio admin recover -' | 'arrtheaudio admin validate-config -') due='-h --help' ;;
            'arrtheaudio jobs add -') due='--priority --group -0 --null -f --format -h --help' ;;
            'arrtheaudio jobs cancel -') due='--group -f --format -h --help' ;;
            'arrtheaudio jobs list -') due='--state --group --source --limit --offset -f --format -h --help' ;;
            'arrtheaudio jobs prune -' | 'arrtheaudio admin cleanup -') due='--older-than -h --help' ;;
            'arrtheaudio jobs retry -') due='--failed -f --format -h --help' ;;
            'arrtheaudio jobs run -') due='--workers --follow --max --nice -f --format -h --help' ;;
            'arrtheaudio jobs show -' | 'arrtheaudio jobs stats -' | 'arrtheaudio admin stats -') due='-f --format -h --help' ;;
            'arrtheaudio jobs wait -') due='--group --progress --no-progress -f --format -h --help' ;;
            'arrtheaudio serve -') due='--host --port --workers -h --help' ;;
            'arrtheaudio hook -') due='--now -n --dry-run -h --help' ;;
            'arrtheaudio admin restore -') due='--yes -h --help' ;;
            'arrtheaudio doctor -') due='-f --format --register --url -n --dry-run -h --help' ;;
            *)
                case "$at" in
                    arrtheaudio) due='scan probe tmdb choose apply process undo jobs serve hook schema admin doctor' ;;
                    'arrtheaudio scan' | 'arrtheaudio probe' | 'arrtheaudio tmdb' | 'arrtheaudio choose' | 'arrtheaudio apply' | 'arrtheaudio process' | 'arrtheaudio undo' | 'arrtheaudio jobs add' | 'arrtheaudio admin backup' | 'arrtheaudio admin restore' | 'arrtheaudio admin validate-config') due=@files ;;
                    'arrtheaudio jobs') due='add cancel list prune retry run show stats wait' ;;
                    'arrtheaudio jobs cancel' | 'arrtheaudio jobs retry' | 'arrtheaudio jobs show' | 'arrtheaudio jobs wait') due=@jobs ;;
                    'arrtheaudio jobs list' | 'arrtheaudio jobs prune' | 'arrtheaudio jobs run' | 'arrtheaudio jobs stats' | 'arrtheaudio serve' | 'arrtheaudio admin cleanup' | 'arrtheaudio admin migrate' | 'arrtheaudio admin recover' | 'arrtheaudio admin stats' | 'arrtheaudio doctor') due='' ;;
                    'arrtheaudio hook') due='sonarr radarr import' ;;
                    'arrtheaudio schema') due='record config openapi' ;;
                    'arrtheaudio admin') due='backup cleanup migrate recover restore stats validate-config' ;;
                esac
                ;;
        esac
    fi
    case "$due" in
        "") ;;
        @files) compopt -o default ;;
        @jobs) mapfile -t COMPREPLY < <(compgen -W "$(arrtheaudio jobs list --limit 200 --format jsonl 2>/dev/null | sed -n 's/^{"id":"\([^"]*\)".*/\1/p')" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$due" -- "$word") ;;
    esac
}

complete -o nosort -F _arrtheaudio arrtheaudio
