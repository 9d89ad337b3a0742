"""so-vits-svc 4.1 (diffusion), DDSP-SVC: 44100 Hz, 128 bands, 2048/512/2048."""

from melpact.contract.dialect import Ask, Family, Form, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=128,
        f_min=40.0,
        f_max=16000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="sovits_diffusion_44k",
            reference_id="sovits41-diffusion-44k-128",
            system="so-vits-svc 4.1 (diffusion)",
            variant="NSF-HiFiGAN mel (nvSTFT)",
            role="diffusion target + NSF-HiFiGAN input",
            asks=(
                Ask(
                    field="f_min",
                    where="mel_fmin in the config.json beside the NSF-HiFiGAN checkpoint",
                    known="40",
                ),
                Ask(
                    field="f_max",
                    where="fmax in the config.json beside the NSF-HiFiGAN checkpoint",
                    known="16000",
                ),
            ),
            forms={
                "diffusion": Form(
                    note="what the diffusion model sees: -12 … 2 to [-1, 1], not clipped",
                    scaling=Window(low=-12.0, high=2.0, out_low=-1.0, out_high=1.0),
                )
            },
            waveform="float",
            axes="(T, 128)",
            stored="(T, 128)",
            file_format=".npy (<wav>.mel.npy); aug mels as object arrays (mel, keyshift)",
            quirks=(
                "Parameters come from the vocoder checkpoint's config.json (defaults of nvSTFT: 22050/80/1024/256, fmin 20, fmax 11025); values shown are the openvpi 44.1k NSF-HiFiGAN.",
                "'nsf-hifigan-log10' vocoder type multiplies the mel by 0.434294.",
            ),
            sources=(
                Source(
                    repo="svc-develop-team/so-vits-svc",
                    commit="730930d337",
                    path="vdecoder/nsf_hifigan/nvSTFT.py",
                ),
                Source(repo="svc-develop-team/so-vits-svc", commit="730930d337", path="diffusion/vocoder.py"),
                Source(
                    repo="svc-develop-team/so-vits-svc", commit="730930d337", path="diffusion/diffusion.py"
                ),
                Source(
                    repo="svc-develop-team/so-vits-svc", commit="730930d337", path="preprocess_hubert_f0.py"
                ),
                Source(repo="openvpi/SingingVocoders", commit="4d0889c4c1", path="configs/base_hifi.yaml"),
            ),
            confidence="code verified; fmin/fmax come from a checkpoint config.json not in git (values from openvpi SingingVocoders/DiffSinger configs)",
        ),
        Member(
            name="ddspsvc_44k",
            reference_id="ddspsvc-44k-128",
            system="DDSP-SVC",
            variant="NSF-HiFiGAN mel (nvSTFT)",
            role="reflow/diffusion target",
            asks=(
                Ask(
                    field="f_min",
                    where="mel_fmin in the config.json beside the NSF-HiFiGAN checkpoint",
                    known="40",
                ),
                Ask(
                    field="f_max",
                    where="fmax in the config.json beside the NSF-HiFiGAN checkpoint",
                    known="16000",
                ),
            ),
            forms={
                "diffusion": Form(
                    note="what the reflow model sees: -12 … 2 to [-1, 1], not clipped",
                    scaling=Window(low=-12.0, high=2.0, out_low=-1.0, out_high=1.0),
                )
            },
            waveform="librosa.load float",
            axes="(T, 128)",
            stored="(T, 128)",
            file_format=".npy (mel/, aug_mel/; pitch_aug_dict.npy)",
            quirks=("Validation metric builds its own STFT with fmax 22050, not the vocoder's 16000.",),
            compatibility=("vocoder type 'nsf-hifigan-log10' multiplies by 0.434294.",),
            sources=(
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="nsf_hifigan/nvSTFT.py"),
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="reflow/vocoder.py"),
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="reflow/reflow.py"),
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="preprocess.py"),
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="reflow/solver.py"),
                Source(repo="yxlllc/DDSP-SVC", commit="88f157c03d", path="configs/reflow.yaml"),
            ),
            confidence="code verified; fmin/fmax from the vocoder checkpoint config.json (not in git)",
        ),
    ),
)
